//! libjpeg-turbo, as mozjpeg ships it, behind one safe function: a band as a JPEG of its own.
//!
//! As in the decoder, its errors leave by unwinding to the `catch_unwind` here, and what it holds is freed on drop.

use crate::error::Error;
use crate::raster::decode::libjpeg::{Fatal, error_manager, message};
use mozjpeg_sys::{
    J_COLOR_SPACE, J_DCT_METHOD, J_INT_PARAM, JCP_FASTEST, JDIMENSION, JSAMPROW, boolean,
    jpeg_c_set_int_param, jpeg_common_struct, jpeg_compress_struct, jpeg_create_compress,
    jpeg_destination_mgr, jpeg_destroy_compress, jpeg_error_mgr, jpeg_finish_compress, jpeg_set_defaults,
    jpeg_set_quality, jpeg_start_compress, jpeg_write_scanlines,
};
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// Pixels on a side, as in all programs with libjpeg in them.
pub(super) const MAX_SIDE: u32 = 65500;

/// Rows of a picture, grey or RGB.
pub(super) struct Rows<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 or 3.
    pub(super) channels: u8,
    /// `width * height * channels` bytes.
    pub(super) samples: &'a [u8],
}

/// A baseline JPEG, 4:4:4, with the tables of the standard scaled to `quality` (1..=100), and a restart marker after every
/// row of blocks.
///
/// # Errors
/// [`Error::Encode`] with what the library says.
pub(super) fn encode(rows: &Rows, quality: u8) -> Result<Vec<u8>, Error> {
    assert_eq!(rows.samples.len(), rows.width as usize * rows.height as usize * usize::from(rows.channels));
    let mut session = Session::new(rows.samples.len() / 4);
    let failed = |text: &str| Error::Encode(format!("The JPEG encoder failed: {text}"));
    match catch_unwind(AssertUnwindSafe(|| session.run(rows, quality))) {
        Ok(()) => Ok(std::mem::take(&mut session.output().bytes)),
        Err(payload) if payload.is::<Fatal>() => {
            Err(failed(session.output().fatal.as_deref().unwrap_or("unknown error")))
        }
        Err(payload) => resume_unwind(payload),
    }
}

/// What the library writes and says.
struct Output {
    /// As long as its room; the library writes from its start.
    bytes: Vec<u8>,
    fatal: Option<String>,
}

/// The library's structures, which point at each other.
struct State {
    info: jpeg_compress_struct,
    errors: jpeg_error_mgr,
    destination: jpeg_destination_mgr,
    output: Output,
}

struct Session {
    /// Owned, and the origin of all access, for the same reason as in the decoder.
    state: *mut State,
}

impl Session {
    fn new(expected: usize) -> Self {
        let state = Box::into_raw(Box::new(State {
            // SAFETY: zero is a valid value of every field: no pointer, a number, the first of an enumeration.
            info: unsafe { MaybeUninit::zeroed().assume_init() },
            errors: error_manager(error_exit),
            destination: jpeg_destination_mgr {
                next_output_byte: ptr::null_mut(),
                free_in_buffer: 0,
                init_destination: Some(begin_output),
                empty_output_buffer: Some(enlarge_output),
                term_destination: Some(end_output),
            },
            output: Output { bytes: vec![0; expected.max(4096)], fatal: None },
        }));
        let session = Session { state };
        // SAFETY: `state` is live until the session is dropped. `jpeg_create_compress` wants `err` set before, and keeps
        // it and `client_data` alone. It only fails for a structure of another size, which the crate rules out, or
        // without memory for a few hundred bytes.
        unsafe {
            (*state).info.common.err = &raw mut (*state).errors;
            (*state).info.common.client_data = (&raw mut (*state).output).cast::<c_void>();
            jpeg_create_compress(&raw mut (*state).info);
            (*state).info.dest = &raw mut (*state).destination;
        }
        session
    }

    fn output(&mut self) -> &mut Output {
        // SAFETY: `state` is live, and the callbacks, which have the output too, run in `run` and on drop alone, which
        // want the session for themselves.
        unsafe { &mut (*self.state).output }
    }

    fn run(&mut self, rows: &Rows, quality: u8) {
        // SAFETY: `state` is live. Until the last use of `info` no other pointer reaches this field: the callbacks take
        // the one that the library got from here, and what they reach through it are the other fields.
        let info = unsafe { &mut (*self.state).info };
        info.image_width = rows.width;
        info.image_height = rows.height;
        info.input_components = c_int::from(rows.channels);
        info.in_color_space =
            if rows.channels == 1 { J_COLOR_SPACE::JCS_GRAYSCALE } else { J_COLOR_SPACE::JCS_RGB };
        // SAFETY: the structure was created, and the fields that the defaults come from are set.
        unsafe {
            // libjpeg-turbo's own way: mozjpeg's search for fewer bits takes many times as long.
            jpeg_c_set_int_param(info, J_INT_PARAM::JINT_COMPRESS_PROFILE, JCP_FASTEST as c_int);
            jpeg_set_defaults(info);
            jpeg_set_quality(info, c_int::from(quality), 1);
            // The defaults made one description for each component, of which luma is the first.
            (*info.comp_info).h_samp_factor = 1;
            (*info.comp_info).v_samp_factor = 1;
        }
        info.dct_method = J_DCT_METHOD::JDCT_ISLOW;
        info.optimize_coding = 0;
        info.restart_in_rows = 1;
        // SAFETY: the parameters and the destination are set.
        unsafe { jpeg_start_compress(info, 1) };
        let stride = rows.width as usize * usize::from(rows.channels);
        for chunk in rows.samples.chunks(stride * BLOCK_ROWS) {
            let mut pointers: [JSAMPROW; BLOCK_ROWS] = [ptr::null(); BLOCK_ROWS];
            let count = chunk.len() / stride;
            for (pointer, row) in pointers.iter_mut().zip(chunk.chunks_exact(stride)) {
                *pointer = row.as_ptr();
            }
            // SAFETY: the first `count` pointers are rows of `image_width * input_components` bytes. The library takes
            // all of them, since its destination never suspends.
            unsafe { jpeg_write_scanlines(info, pointers.as_ptr(), count as JDIMENSION) };
        }
        // SAFETY: all rows were written.
        unsafe { jpeg_finish_compress(info) };
    }
}

const BLOCK_ROWS: usize = 8;

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: `state` came from a box and is freed once. Destroying `info`, which is created or still zeroed, frees
        // what the library allocated for it.
        unsafe {
            jpeg_destroy_compress(&mut (*self.state).info);
            drop(Box::from_raw(self.state));
        }
    }
}

/// The output behind a structure of the library.
///
/// # Safety
/// `info` must belong to a live [`Session`].
unsafe fn output_of(info: &mut jpeg_common_struct) -> &mut Output {
    // SAFETY: `Session::new` put the address of its output there; callbacks run one at a time.
    unsafe { &mut *info.client_data.cast::<Output>() }
}

/// Lets the library write from `start` of the output on.
///
/// # Safety
/// `info` must belong to a live [`Session`].
unsafe fn continue_output(info: &mut jpeg_compress_struct, start: usize) {
    // SAFETY: called for a live session, whose destination is set; `start` is at most the length of the output.
    unsafe {
        let room = &mut output_of(&mut info.common).bytes[start..];
        (*info.dest).next_output_byte = room.as_mut_ptr();
        (*info.dest).free_in_buffer = room.len();
    }
}

unsafe extern "C-unwind" fn begin_output(info: &mut jpeg_compress_struct) {
    // SAFETY: called by the library for a live session.
    unsafe { continue_output(info, 0) };
}

unsafe extern "C-unwind" fn enlarge_output(info: &mut jpeg_compress_struct) -> boolean {
    // SAFETY: called by the library for a live session.
    let output = unsafe { output_of(&mut info.common) };
    let full = output.bytes.len();
    if output.bytes.try_reserve_exact(full).is_err() {
        output.fatal = Some("out of memory".into());
        resume_unwind(Box::new(Fatal));
    }
    output.bytes.resize(full * 2, 0);
    // SAFETY: as above.
    unsafe { continue_output(info, full) };
    1
}

unsafe extern "C-unwind" fn end_output(info: &mut jpeg_compress_struct) {
    // SAFETY: called by the library for a live session, whose destination is set.
    unsafe {
        let unused = (*info.dest).free_in_buffer;
        let output = output_of(&mut info.common);
        output.bytes.truncate(output.bytes.len() - unused);
    }
}

unsafe extern "C-unwind" fn error_exit(info: &mut jpeg_common_struct) {
    // SAFETY: called by the library for a live session, whose errors are those of `error_manager`.
    let text = unsafe { message(info) };
    // SAFETY: called by the library for a live session.
    unsafe { output_of(info) }.fatal = Some(text);
    resume_unwind(Box::new(Fatal));
}
