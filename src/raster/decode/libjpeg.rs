//! libjpeg-turbo, as mozjpeg ships it, behind one safe function.
//!
//! Its errors leave through `error_exit`, which must not return: that callback unwinds through the library, which is
//! compiled with unwind tables for it, to the `catch_unwind` here. What the library holds is freed on drop.

use super::damage::Damage;
use crate::error::Error;
use crate::raster::sniff::Format;
use mozjpeg_sys::{
    J_DCT_METHOD, JDIMENSION, JSAMPROW_MUT, boolean, jpeg_common_struct, jpeg_create_decompress,
    jpeg_decompress_struct, jpeg_destroy_decompress, jpeg_error_mgr, jpeg_finish_decompress,
    jpeg_progress_mgr, jpeg_read_header, jpeg_read_scanlines, jpeg_resync_to_restart, jpeg_source_mgr,
    jpeg_start_decompress, jpeg_std_error,
};
use std::ffi::{c_char, c_int, c_long, c_void};
use std::marker::PhantomData;
use std::mem::{MaybeUninit, transmute};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

pub(super) use mozjpeg_sys::J_COLOR_SPACE as Space;

/// What the caller knows of the picture and wants of it.
pub(super) struct Output {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Samples per pixel of the output.
    pub(super) channels: u8,
    /// How the components are to be taken, where something outside the stream decides; `None`: as its markers say.
    pub(super) stored: Option<Space>,
    pub(super) space: Space,
}

/// Scans that a progressive file may have, as in libvips: each costs a pass over the whole picture.
const MAX_SCANS: c_int = 100;

/// Decodes a stream into `out`, `width * height * channels` samples. What was wrong but could be read over is
/// returned; rows that are missing come out grey or stay as they were.
///
/// # Errors
/// [`Error::Decode`] where nothing can be read; [`Error::UnsupportedFormat`]; [`Error::Limit`].
pub(super) fn decode(bytes: &[u8], output: &Output, out: &mut [u8]) -> Result<Vec<Damage>, Error> {
    let stride = output.width as usize * usize::from(output.channels);
    assert_eq!(out.len(), stride * output.height as usize);
    let mut session = Session::new(bytes);
    let finished = catch_unwind(AssertUnwindSafe(|| session.run(output, stride, out)));
    match finished {
        Ok(Ok(())) => Ok(session.log().damages()),
        Ok(Err(error)) => Err(error),
        Err(payload) if payload.is::<Fatal>() => session.log().fatal(),
        Err(payload) => resume_unwind(payload),
    }
}

/// The payload with which errors of the library unwind.
pub(in crate::raster) struct Fatal;

/// What the library had to say.
#[derive(Default)]
struct Log {
    fatal: Option<String>,
    warnings: Vec<String>,
    /// Whether it wanted more bytes than there are.
    exhausted: bool,
    /// Whether a row was written.
    begun: bool,
}

impl Log {
    fn damages(&self) -> Vec<Damage> {
        let truncated =
            self.exhausted.then(|| Damage::truncated(Format::Jpeg, "its data stop in the middle"));
        let warnings = self.warnings.iter().filter(|text| !text.starts_with("Premature end"));
        truncated.into_iter().chain(warnings.map(|text| classified(text))).collect()
    }

    fn fatal(&self) -> Result<Vec<Damage>, Error> {
        let text = self.fatal.as_deref().unwrap_or("unknown error");
        if text.starts_with("Insufficient memory") || text.starts_with("Memory limit") {
            return Err(Error::Limit(format!("Out of memory for the JPEG: {text}")));
        }
        if text.contains("not implemented") || text.contains("Unsupported") || text.contains("not supported")
        {
            return Err(Error::UnsupportedFormat(format!(
                "Expected an ordinary JPEG but received one that is not supported: {text}"
            )));
        }
        if !self.begun {
            return Err(match self.exhausted {
                true => Error::Decode(format!("The JPEG ends too early: {text}")),
                false => Error::Decode(format!("The JPEG is broken: {text}")),
            });
        }
        let mut damages = self.damages();
        damages.push(Damage::corrupt(Format::Jpeg, text));
        Ok(damages)
    }
}

/// A warning by its text: what browsers pass over in silence is merely irregular.
fn classified(text: &str) -> Damage {
    const IRREGULAR: [&str; 4] = ["Unknown Adobe", "Warning: unknown JFIF", "Invalid SOS", "Application"];
    if text.contains("extraneous bytes") || IRREGULAR.iter().any(|start| text.starts_with(start)) {
        Damage::irregular(Format::Jpeg, text)
    } else {
        Damage::corrupt(Format::Jpeg, text)
    }
}

/// The library's own error manager, but that fatal errors leave through `error_exit` and nothing is printed.
pub(in crate::raster) fn error_manager(
    error_exit: unsafe extern "C-unwind" fn(&mut jpeg_common_struct),
) -> jpeg_error_mgr {
    // SAFETY: zero is a valid value of every field: no function, no pointer, a number.
    let mut errors = unsafe { MaybeUninit::<jpeg_error_mgr>::zeroed().assume_init() };
    // SAFETY: the function writes to the fields of its argument, and keeps no pointer to it.
    unsafe { jpeg_std_error(&mut errors) };
    errors.error_exit = Some(error_exit);
    errors.output_message = Some(stay_silent);
    errors
}

/// The library's structures, which point at each other.
struct State {
    info: jpeg_decompress_struct,
    errors: jpeg_error_mgr,
    source: jpeg_source_mgr,
    progress: jpeg_progress_mgr,
    log: Log,
}

struct Session<'a> {
    /// Owned. All access comes from this pointer or from what the library gives its callbacks: the pointers from one
    /// structure to another would not outlast a use of the structures through a box or a longer reference.
    state: *mut State,
    _bytes: PhantomData<&'a [u8]>,
}

impl<'a> Session<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let state = Box::into_raw(Box::new(State {
            // SAFETY: zero is a valid value of every field: no pointer, a number, the first of an enumeration.
            info: unsafe { MaybeUninit::zeroed().assume_init() },
            errors: jpeg_error_mgr { emit_message: Some(emit_message), ..error_manager(error_exit) },
            source: source(bytes),
            progress: jpeg_progress_mgr {
                progress_monitor: Some(scan_counter()),
                pass_counter: 0,
                pass_limit: 0,
                completed_passes: 0,
                total_passes: 0,
            },
            log: Log::default(),
        }));
        let session = Session { state, _bytes: PhantomData };
        // SAFETY: `state` is live until the session is dropped. `jpeg_create_decompress` wants `err` set before, and
        // keeps it and `client_data` alone. It only fails for a structure of another size, which the crate rules out,
        // or without memory for a few hundred bytes.
        unsafe {
            (*state).info.common.err = &raw mut (*state).errors;
            (*state).info.common.client_data = (&raw mut (*state).log).cast::<c_void>();
            jpeg_create_decompress(&raw mut (*state).info);
            (*state).info.src = &raw mut (*state).source;
            (*state).info.common.progress = &raw mut (*state).progress;
        }
        session
    }

    fn log(&self) -> &Log {
        // SAFETY: `state` is live, and only `run`, which wants the session for itself, writes to the log.
        unsafe { &(*self.state).log }
    }

    fn run(&mut self, output: &Output, stride: usize, out: &mut [u8]) -> Result<(), Error> {
        // SAFETY: `state` is live. Until the last use of `info` no other pointer reaches this field: the callbacks take
        // the one that the library got from here, and what they reach through it are the other fields.
        let info = unsafe { &mut (*self.state).info };
        // SAFETY: the structure was created, its source is set and reads only the borrowed bytes.
        unsafe { jpeg_read_header(info, 1) };
        if (info.image_width, info.image_height) != (output.width, output.height) {
            return Err(Error::Decode(format!(
                "The JPEG is broken: two sizes, {}x{} and {}x{}",
                output.width, output.height, info.image_width, info.image_height
            )));
        }
        if let Some(stored) = output.stored {
            info.jpeg_color_space = stored;
        }
        info.out_color_space = output.space;
        info.dct_method = J_DCT_METHOD::JDCT_ISLOW;
        // The coefficients of all scans, at most one of two bytes for each sample of each component.
        let blocks = (i64::from(output.width) + 64) * (i64::from(output.height) + 64);
        let max = blocks.saturating_mul(i64::from(info.num_components) * 4).saturating_add(16 << 20);
        // SAFETY: the structure was created, so it has a memory manager, which nothing else refers to.
        unsafe { (*info.common.mem).max_memory_to_use = c_long::try_from(max).unwrap_or(c_long::MAX) };
        // SAFETY: the header was read.
        unsafe { jpeg_start_decompress(info) };
        if info.output_components != c_int::from(output.channels) {
            return Err(Error::Decode(format!("The JPEG is broken: {} components", info.output_components)));
        }
        self.read_rows(stride, out)
    }

    /// All rows, once the library has started with them.
    fn read_rows(&mut self, stride: usize, out: &mut [u8]) -> Result<(), Error> {
        const ROWS: usize = 8;
        // SAFETY: as in `run`.
        let info = unsafe { &mut (*self.state).info };
        let mut rows = out.chunks_exact_mut(stride);
        while info.output_scanline < info.output_height {
            let mut pointers: [JSAMPROW_MUT; ROWS] = [ptr::null_mut(); ROWS];
            let mut count = 0;
            for (pointer, row) in pointers.iter_mut().zip(rows.by_ref().take(ROWS)) {
                *pointer = row.as_mut_ptr();
                count += 1;
            }
            let mut done = 0;
            while done < count {
                // SAFETY: the pointers from `done` to `count` are rows of `out`, each of `output_width *
                // output_components` bytes, which nothing else refers to.
                let read = unsafe {
                    jpeg_read_scanlines(info, pointers.as_mut_ptr().add(done), (count - done) as JDIMENSION)
                };
                if read == 0 {
                    return Err(Error::Decode("The JPEG is broken: no more rows".into()));
                }
                // SAFETY: `state` is live, and no callback, which would have the log too, is running.
                unsafe { (*self.state).log.begun = true };
                done += read as usize;
            }
        }
        // SAFETY: all rows were read.
        unsafe { jpeg_finish_decompress(info) };
        Ok(())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // SAFETY: `state` came from a box and is freed once. Destroying `info`, which is created or still zeroed, frees
        // what the library allocated for it.
        unsafe {
            jpeg_destroy_decompress(&mut (*self.state).info);
            drop(Box::from_raw(self.state));
        }
    }
}

/// The bytes as the library reads them.
fn source(bytes: &[u8]) -> jpeg_source_mgr {
    jpeg_source_mgr {
        next_input_byte: bytes.as_ptr(),
        bytes_in_buffer: bytes.len(),
        init_source: Some(do_nothing),
        fill_input_buffer: Some(end_of_input),
        skip_input_data: Some(skip),
        resync_to_restart: Some(resync),
        term_source: Some(do_nothing),
    }
}

/// The log behind a structure of the library.
///
/// # Safety
/// `info` must belong to a live [`Session`].
unsafe fn log_of(info: &mut jpeg_common_struct) -> &mut Log {
    // SAFETY: `Session::new` put the address of its log there; callbacks run one at a time.
    unsafe { &mut *info.client_data.cast::<Log>() }
}

/// What the library has to say of its last error.
///
/// # Safety
/// The errors of `info` must come from [`error_manager`] and be alive.
pub(in crate::raster) unsafe fn message(info: &mut jpeg_common_struct) -> String {
    /// As in jpeglib.h, where functions of this type may write that many bytes.
    const JMSG_LENGTH_MAX: usize = 200;
    type Declared = unsafe extern "C-unwind" fn(&mut jpeg_common_struct, &[u8; 80]);
    type Format = unsafe extern "C-unwind" fn(*mut jpeg_common_struct, *mut c_char);
    let mut buffer = [0u8; JMSG_LENGTH_MAX];
    // SAFETY: the caller promises that `err` points to live errors.
    if let Some(declared) = unsafe { (*info.err).format_message } {
        // SAFETY: `error_manager` leaves here the C function that `jpeg_std_error` set, which has the type `void
        // (j_common_ptr, char *)`. References are passed as pointers are, so the crate's type differs only in what it
        // claims of the buffer: shorter than what is written, and only read.
        let format = unsafe { transmute::<Declared, Format>(declared) };
        // SAFETY: the function reads the errors behind `info`, and by `snprintf` writes at most `JMSG_LENGTH_MAX` bytes
        // with a zero at their end, for which the buffer is long enough.
        unsafe { format(info, buffer.as_mut_ptr().cast()) };
    }
    let end = buffer.iter().position(|&byte| byte == 0).unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}

unsafe extern "C-unwind" fn error_exit(info: &mut jpeg_common_struct) {
    // SAFETY: called by the library for a live session, whose errors are those of `error_manager`.
    let text = unsafe { message(info) };
    // SAFETY: called by the library for a live session.
    unsafe { log_of(info) }.fatal = Some(text);
    resume_unwind(Box::new(Fatal));
}

unsafe extern "C-unwind" fn emit_message(info: &mut jpeg_common_struct, level: c_int) {
    const MAX_WARNINGS: usize = 4;
    if level >= 0 {
        return;
    }
    // SAFETY: the error manager is part of the live session.
    unsafe { (*info.err).num_warnings += 1 };
    // SAFETY: as above; it is that of `error_manager`.
    let text = unsafe { message(info) };
    // SAFETY: called by the library for a live session.
    let log = unsafe { log_of(info) };
    if log.warnings.len() < MAX_WARNINGS && !log.warnings.contains(&text) {
        log.warnings.push(text);
    }
}

unsafe extern "C-unwind" fn stay_silent(_: &mut jpeg_common_struct) {}

unsafe extern "C-unwind" fn do_nothing(_: &mut jpeg_decompress_struct) {}

/// There is no more: an end-of-image marker, as libjpeg's own sources make it up.
unsafe extern "C-unwind" fn end_of_input(info: &mut jpeg_decompress_struct) -> boolean {
    static END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    // SAFETY: called by the library for a live session, whose source is set.
    unsafe {
        log_of(&mut info.common).exhausted = true;
        (*info.src).next_input_byte = END_OF_IMAGE.as_ptr();
        (*info.src).bytes_in_buffer = END_OF_IMAGE.len();
    }
    1
}

unsafe extern "C-unwind" fn skip(info: &mut jpeg_decompress_struct, count: c_long) {
    let Ok(count) = usize::try_from(count) else { return };
    // SAFETY: called by the library for a live session; the pointer moves within the bytes or to their end.
    unsafe {
        let source = &mut *info.src;
        let step = count.min(source.bytes_in_buffer);
        source.next_input_byte = source.next_input_byte.add(step);
        source.bytes_in_buffer -= step;
        if step < count {
            end_of_input(info);
        }
    }
}

unsafe extern "C-unwind" fn resync(info: &mut jpeg_decompress_struct, desired: c_int) -> boolean {
    // SAFETY: the library's own function with the library's own arguments.
    unsafe { jpeg_resync_to_restart(info, desired) }
}

/// [`count_scans`] by the crate's type of it, whose reference would reach the first fields alone.
fn scan_counter() -> unsafe extern "C-unwind" fn(&mut jpeg_common_struct) {
    type Counter = unsafe extern "C-unwind" fn(*mut jpeg_common_struct);
    type Declared = unsafe extern "C-unwind" fn(&mut jpeg_common_struct);
    // SAFETY: references are passed as pointers are, and a function that takes any pointer takes a reference.
    unsafe { transmute::<Counter, Declared>(count_scans) }
}

/// Stops at more than [`MAX_SCANS`].
///
/// # Safety
/// `info` must be the start of the `jpeg_decompress_struct` of a live [`Session`], and a pointer to all of it.
unsafe extern "C-unwind" fn count_scans(info: *mut jpeg_common_struct) {
    // SAFETY: called by the library for a live session, with its pointer to the whole structure.
    let scans = unsafe { (*info.cast::<jpeg_decompress_struct>()).input_scan_number };
    if scans > MAX_SCANS {
        // SAFETY: as above.
        unsafe { log_of(&mut *info) }.fatal = Some(format!("more than {MAX_SCANS} scans"));
        resume_unwind(Box::new(Fatal));
    }
}
