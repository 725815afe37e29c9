//! Evaluates the operators that exporters compute sizes with, where all their inputs are known.

use super::value::ShapeValue;
use super::{Site, rules, spatial};
use crate::graph::proto::data_type;

/// The elements of the node's first output, if they follow from known values.
pub fn evaluate(site: &Site, outputs: &[Vec<usize>]) -> Option<ShapeValue> {
    match site.node.op_type.as_str() {
        "Shape" => shape_of(site),
        "Size" => {
            Some(ShapeValue::ints([site.dims(0).ok()?.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?]))
        }
        "ConstantOfShape" => constant_of_shape(site, count(outputs)?),
        _ if (0..site.node.input.len()).all(|n| value(site, n).is_some()) => computed(site, count(outputs)?),
        _ => None,
    }
}

fn count(outputs: &[Vec<usize>]) -> Option<usize> {
    outputs.first()?.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
}

fn value<'a>(site: &Site<'a>, index: usize) -> Option<&'a ShapeValue> {
    site.input(index)?.value.as_ref()
}

fn shape_of(site: &Site) -> Option<ShapeValue> {
    let dims = site.dims(0).ok()?;
    let (start, end) = rules::shape_range(site.node, dims.len());
    Some(ShapeValue::ints(dims.get(start..end)?.iter().copied()))
}

fn constant_of_shape(site: &Site, count: usize) -> Option<ShapeValue> {
    let fill = site.node.attribute.iter().find_map(|a| a.t.clone());
    let fill = match fill {
        Some(tensor) => ShapeValue::of(&crate::graph::Tensor::from_proto(tensor).ok()?)?,
        None => ShapeValue { numbers: vec![0.0], integer: false },
    };
    fill.stretch(count)
}

/// The operators all of whose inputs are known.
fn computed(site: &Site, count: usize) -> Option<ShapeValue> {
    let a = value(site, 0)?;
    let with = |f: fn(f64, f64) -> f64| a.zip(value(site, 1)?, f);
    let test = |f: fn(f64, f64) -> bool| {
        let flags = a.zip(value(site, 1)?, |x, y| f(x, y).into())?;
        Some(ShapeValue { integer: true, ..flags })
    };
    match site.node.op_type.as_str() {
        "Identity" | "Unsqueeze" | "Squeeze" | "Reshape" | "Flatten" => Some(a.clone()),
        "Expand" | "Tile" => a.stretch(count),
        "Cast" => Some(cast(a, site.node.int("to", 1) as i32)),
        "Floor" => Some(a.map(f64::floor)),
        "Ceil" => Some(a.map(f64::ceil)),
        "Round" => Some(a.map(f64::round_ties_even)),
        "Neg" => Some(a.map(|x| -x)),
        "Abs" => Some(a.map(f64::abs)),
        "Sqrt" => Some(a.map(f64::sqrt)),
        "Reciprocal" => Some(a.map(f64::recip)),
        "Not" => Some(a.map(|x| f64::from(x == 0.0))),
        "Add" => with(|x, y| x + y),
        "Sub" => with(|x, y| x - y),
        "Mul" => with(|x, y| x * y),
        "Div" if a.integer => with(|x, y| (x / y).trunc()),
        "Div" => with(|x, y| x / y),
        "Mod" => with(|x, y| x - (x / y).floor() * y),
        "Pow" => with(f64::powf),
        "Min" => with(f64::min),
        "Max" => with(f64::max),
        "Equal" => test(|x, y| x == y),
        "Greater" => test(|x, y| x > y),
        "GreaterOrEqual" => test(|x, y| x >= y),
        "Less" => test(|x, y| x < y),
        "LessOrEqual" => test(|x, y| x <= y),
        "And" => test(|x, y| x != 0.0 && y != 0.0),
        "Or" => test(|x, y| x != 0.0 || y != 0.0),
        "Where" => choose(a, value(site, 1)?, value(site, 2)?, count),
        "ReduceProd" if count == 1 => reduce(a, f64::from(1), |x, y| x * y),
        "ReduceSum" if count == 1 => reduce(a, 0.0, |x, y| x + y),
        "ReduceMax" if count == 1 => reduce(a, f64::NEG_INFINITY, f64::max),
        "ReduceMin" if count == 1 => reduce(a, f64::INFINITY, f64::min),
        "Concat" => concat(site),
        "Gather" => gather(site, a),
        "Slice" => slice(site, a),
        "Range" => range(a, value(site, 1)?, value(site, 2)?, count),
        _ => None,
    }
}

fn cast(value: &ShapeValue, to: i32) -> ShapeValue {
    match to {
        data_type::FLOAT => ShapeValue { integer: false, ..value.clone() },
        data_type::BOOL => ShapeValue { integer: true, ..value.map(|x| f64::from(x != 0.0)) },
        _ => ShapeValue { integer: true, ..value.map(f64::trunc) },
    }
}

fn reduce(value: &ShapeValue, start: f64, f: impl Fn(f64, f64) -> f64) -> Option<ShapeValue> {
    let number = value.numbers.iter().fold(start, |x, &y| f(x, y));
    Some(ShapeValue { numbers: vec![number], integer: value.integer })
}

fn choose(condition: &ShapeValue, yes: &ShapeValue, no: &ShapeValue, count: usize) -> Option<ShapeValue> {
    let (condition, yes, no) = (condition.stretch(count)?, yes.stretch(count)?, no.stretch(count)?);
    let branches = yes.numbers.iter().zip(&no.numbers);
    let numbers = condition.numbers.iter().zip(branches).map(|(&c, (&y, &n))| if c != 0.0 { y } else { n });
    Some(ShapeValue { numbers: numbers.collect(), integer: yes.integer })
}

fn concat(site: &Site) -> Option<ShapeValue> {
    if site.dims(0).ok()?.len() != 1 {
        return None;
    }
    let parts = (0..site.node.input.len()).map(|n| value(site, n)).collect::<Option<Vec<_>>>()?;
    let integer = parts.iter().all(|v| v.integer);
    Some(ShapeValue { numbers: parts.iter().flat_map(|v| v.numbers.iter().copied()).collect(), integer })
}

fn gather(site: &Site, list: &ShapeValue) -> Option<ShapeValue> {
    if site.dims(0).ok()?.len() != 1 {
        return None;
    }
    let len = list.numbers.len() as i64;
    let pick =
        |index: i64| list.numbers.get(usize::try_from(if index < 0 { index + len } else { index }).ok()?);
    let numbers = value(site, 1)?.to_ints().into_iter().map(|i| pick(i).copied()).collect::<Option<_>>()?;
    Some(ShapeValue { numbers, integer: list.integer })
}

fn slice(site: &Site, list: &ShapeValue) -> Option<ShapeValue> {
    let ranges = spatial::slice_ranges(site).ok()?;
    let [range] = ranges[..] else { return None };
    let pick =
        |n: usize| list.numbers.get(usize::try_from(range.start + n as i64 * range.step).ok()?).copied();
    Some(ShapeValue { numbers: (0..range.len).map(pick).collect::<Option<_>>()?, integer: list.integer })
}

fn range(start: &ShapeValue, limit: &ShapeValue, delta: &ShapeValue, count: usize) -> Option<ShapeValue> {
    let (start, _, delta) = (start.numbers.first()?, limit, delta.numbers.first()?);
    let numbers: Vec<f64> = ShapeValue::ints([0]).stretch(count)?.numbers;
    let numbers = numbers.iter().enumerate().map(|(n, _)| start + n as f64 * delta).collect();
    Some(ShapeValue { numbers, integer: true })
}
