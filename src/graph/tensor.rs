//! Constant tensors, decoded. Every floating-point type is read as `f32`: the engine computes in nothing else.

use half::{bf16, f16};

use super::proto::{TensorProto, data_type};
use crate::error::Error;

/// A constant of the graph, elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub dims: Vec<usize>,
    pub data: Data,
}

/// The elements of a [`Tensor`].
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    F32(Vec<f32>),
    I64(Vec<i64>),
    /// Any other type, little-endian, as `raw_data` has it.
    Other {
        data_type: i32,
        bytes: Vec<u8>,
    },
}

impl Tensor {
    /// A float tensor; `values` has as many elements as `dims` says.
    pub fn floats(dims: &[usize], values: Vec<f32>) -> Tensor {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        Tensor { dims: dims.to_vec(), data: Data::F32(values) }
    }

    /// A list of integers, as shape-like inputs of operators want them.
    pub fn ints(values: &[i64]) -> Tensor {
        Tensor { dims: vec![values.len()], data: Data::I64(values.to_vec()) }
    }

    /// A tensor of truth values; `values` has as many elements as `dims` says.
    pub fn bools(dims: &[usize], values: impl IntoIterator<Item = bool>) -> Tensor {
        let bytes = values.into_iter().map(u8::from).collect();
        Tensor { dims: dims.to_vec(), data: Data::Other { data_type: data_type::BOOL, bytes } }
    }

    /// The elements, if they are floats.
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.data {
            Data::F32(values) => Some(values),
            _ => None,
        }
    }

    /// The only element, if it is a float and there is one.
    pub fn as_scalar(&self) -> Option<f32> {
        match self.as_floats()? {
            [value] => Some(*value),
            _ => None,
        }
    }

    /// One number per channel of a picture `[1, channels, H, W]` that this tensor is broadcast against, if it is a
    /// single number or one per channel.
    pub fn per_channel(&self, channels: usize) -> Option<Vec<f32>> {
        let values = self.as_floats()?;
        match self.dims[..] {
            _ if values.len() == 1 && self.dims.len() <= 4 => Some(vec![values[0]; channels]),
            [c, 1, 1] | [1, c, 1, 1] if c == channels => Some(values.to_vec()),
            _ => None,
        }
    }

    /// The elements as integers, if they are of an integer or boolean type.
    pub fn to_ints(&self) -> Option<Vec<i64>> {
        match &self.data {
            Data::F32(_) => None,
            Data::I64(values) => Some(values.clone()),
            Data::Other { data_type, bytes } => match *data_type {
                data_type::INT32 => Some(chunks(bytes).map(|b| i32::from_le_bytes(b).into()).collect()),
                data_type::UINT32 => Some(chunks(bytes).map(|b| u32::from_le_bytes(b).into()).collect()),
                data_type::INT16 => Some(chunks(bytes).map(|b| i16::from_le_bytes(b).into()).collect()),
                data_type::UINT16 => Some(chunks(bytes).map(|b| u16::from_le_bytes(b).into()).collect()),
                data_type::INT8 => Some(bytes.iter().map(|&b| (b as i8).into()).collect()),
                data_type::UINT8 | data_type::BOOL => Some(bytes.iter().map(|&b| b.into()).collect()),
                _ => None,
            },
        }
    }

    /// The ONNX element type that this tensor is written with.
    pub fn data_type(&self) -> i32 {
        match &self.data {
            Data::F32(_) => data_type::FLOAT,
            Data::I64(_) => data_type::INT64,
            Data::Other { data_type, .. } => *data_type,
        }
    }

    /// How many elements there are.
    pub fn count(&self) -> usize {
        self.dims.iter().product()
    }

    /// Reads a tensor out of its message.
    ///
    /// # Errors
    /// [`Error::ModelLoad`] if the shape is absurd, the elements are not as many as the shape says, lie in another
    /// file, or are of a type that image networks have no use for.
    pub fn from_proto(proto: TensorProto) -> Result<Tensor, Error> {
        let name = proto.name.clone();
        let fail = |what: String| Error::ModelLoad(format!("constant \"{name}\": {what}"));
        if proto.data_location == Some(1) || !proto.external_data.is_empty() {
            let location = proto.external_data.iter().find(|e| e.key == "location").map_or("", |e| &e.value);
            return Err(fail(format!(
                "its data is in another file (\"{location}\"); expected a model in one file, as onnx.save writes \
                 by default"
            )));
        }
        let width = element_size(proto.data_type)
            .ok_or_else(|| fail(format!("element type {} is not supported", proto.data_type)))?;
        let dims = (proto.dims.iter().map(|&d| usize::try_from(d).ok()).collect::<Option<Vec<_>>>())
            .ok_or_else(|| fail(format!("negative size in shape {:?}", proto.dims)))?;
        let count = (dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d)))
            .filter(|n| n.checked_mul(width).is_some())
            .ok_or_else(|| fail(format!("shape {dims:?} is absurdly large")))?;
        let data_type = proto.data_type;
        let bytes = raw_bytes(proto);
        if bytes.len() != count * width {
            return Err(fail(format!(
                "shape {dims:?} needs {} bytes of data, found {}",
                count * width,
                bytes.len()
            )));
        }
        Ok(Tensor { dims, data: decode(data_type, bytes) })
    }

    /// The message for this tensor, elements in `raw_data`.
    pub fn to_proto(&self, name: &str) -> TensorProto {
        let bytes = match &self.data {
            Data::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Data::I64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Data::Other { bytes, .. } => bytes.clone(),
        };
        self.message(name, self.data_type(), bytes)
    }

    /// The message with its floats stored as float16, or `None` if this is not float data that fits its range.
    pub fn to_half_proto(&self, name: &str) -> Option<TensorProto> {
        let values = self.as_floats()?;
        let halves: Vec<f16> = values.iter().map(|&v| f16::from_f32(v)).collect();
        if !halves.iter().all(|v| v.is_finite()) {
            return None;
        }
        let bytes = halves.iter().flat_map(|v| v.to_le_bytes()).collect();
        Some(self.message(name, data_type::FLOAT16, bytes))
    }

    fn message(&self, name: &str, data_type: i32, bytes: Vec<u8>) -> TensorProto {
        TensorProto {
            name: name.to_owned(),
            dims: self.dims.iter().map(|&d| d as i64).collect(),
            data_type,
            raw_data: Some(bytes),
            ..TensorProto::default()
        }
    }
}

/// The `N`-byte little-endian words of `bytes`.
fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

/// Bytes per element in `raw_data`, or `None` for types that are not read.
fn element_size(data_type: i32) -> Option<usize> {
    Some(match data_type {
        data_type::UINT8 | data_type::INT8 | data_type::BOOL => 1,
        data_type::UINT16 | data_type::INT16 | data_type::FLOAT16 | data_type::BFLOAT16 => 2,
        data_type::FLOAT | data_type::INT32 | data_type::UINT32 => 4,
        data_type::INT64 | data_type::DOUBLE | data_type::UINT64 => 8,
        _ => return None,
    })
}

/// The elements as `raw_data` would have them, whichever field they are in.
fn raw_bytes(proto: TensorProto) -> Vec<u8> {
    if let Some(raw) = proto.raw_data.filter(|raw| !raw.is_empty()) {
        return raw;
    }
    match proto.data_type {
        data_type::FLOAT => proto.float_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        data_type::DOUBLE => proto.double_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        data_type::INT64 => proto.int64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        data_type::UINT64 => proto.uint64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        data_type::UINT32 => proto.uint64_data.iter().flat_map(|v| (*v as u32).to_le_bytes()).collect(),
        data_type::INT32 => proto.int32_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        data_type::UINT16 | data_type::INT16 | data_type::FLOAT16 | data_type::BFLOAT16 => {
            proto.int32_data.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect()
        }
        _ => proto.int32_data.iter().map(|v| *v as u8).collect(),
    }
}

fn decode(data_type: i32, bytes: Vec<u8>) -> Data {
    match data_type {
        data_type::FLOAT => Data::F32(chunks(&bytes).map(f32::from_le_bytes).collect()),
        data_type::FLOAT16 => Data::F32(chunks(&bytes).map(|b| f16::from_le_bytes(b).to_f32()).collect()),
        data_type::BFLOAT16 => Data::F32(chunks(&bytes).map(|b| bf16::from_le_bytes(b).to_f32()).collect()),
        data_type::DOUBLE => Data::F32(chunks(&bytes).map(|b| f64::from_le_bytes(b) as f32).collect()),
        data_type::INT64 => Data::I64(chunks(&bytes).map(i64::from_le_bytes).collect()),
        _ => Data::Other { data_type, bytes },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proto(data_type: i32, dims: &[i64]) -> TensorProto {
        TensorProto { name: "w".into(), data_type, dims: dims.to_vec(), ..TensorProto::default() }
    }

    #[test]
    fn half_precision_is_widened_from_either_field() {
        // 0x3C00 is 1, 0xC000 is -2, 0x3555 is about 1/3 (IEEE 754 binary16).
        let typed = TensorProto { int32_data: vec![0x3C00, 0xC000], ..proto(data_type::FLOAT16, &[2]) };
        assert_eq!(Tensor::from_proto(typed).unwrap().as_floats().unwrap(), [1.0, -2.0]);
        let raw = TensorProto { raw_data: Some(vec![0x55, 0x35]), ..proto(data_type::FLOAT16, &[]) };
        assert_eq!(Tensor::from_proto(raw).unwrap().as_scalar(), Some(0.333_251_95));
    }

    #[test]
    fn a_shape_that_claims_more_than_there_is_fails_before_memory_is_reserved() {
        for dims in [&[1 << 40][..], &[1 << 40, 1 << 40], &[3], &[-1]] {
            let claim = TensorProto { raw_data: Some(vec![0; 8]), ..proto(data_type::FLOAT, dims) };
            let message = Tensor::from_proto(claim).unwrap_err().to_string();
            assert!(message.contains("\"w\""), "{message}");
        }
    }

    #[test]
    fn external_data_is_refused_with_its_location() {
        let entry = super::super::proto::StringStringEntryProto {
            key: "location".into(),
            value: "../../etc/passwd".into(),
        };
        let tensor = TensorProto { external_data: vec![entry], ..proto(data_type::FLOAT, &[1]) };
        assert!(Tensor::from_proto(tensor).unwrap_err().to_string().contains("../../etc/passwd"));
    }

    #[test]
    fn values_beyond_float16_are_not_stored_as_float16() {
        assert!(Tensor::floats(&[1], vec![65504.0]).to_half_proto("w").is_some());
        assert!(Tensor::floats(&[1], vec![70000.0]).to_half_proto("w").is_none());
    }
}
