//! The custom operator that runs a program inside ONNX Runtime.
//!
//! A program with its transformed weights is held once per process. Sessions know it by number, as an attribute of the
//! operator's node.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use once_cell::sync::Lazy;
use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
};
use ort::value::TensorElementType::Float32;

use super::RunContext;
use super::workspaces::in_workspace;
use crate::error::Error;
use crate::kernel::Isa;
use crate::program::{Program, ThreadTeam, operator};
use crate::workers::{helpers, spare_threads};

/// The environment variable that chooses the kernels, for comparison: `off`, `avx2` or `avx512`.
const VARIABLE: &str = "UPSCALER_KERNELS";

/// The instruction set that our kernels use in this process; `None` where ONNX Runtime's own kernels do the work.
///
/// # Errors
/// [`Error::InvalidArgument`] if the environment asks for what this machine does not have.
pub fn kernels() -> Result<Option<Isa>, Error> {
    match std::env::var(VARIABLE).as_deref() {
        Err(_) | Ok("") => Ok(Isa::detect()),
        Ok("off") => Ok(None),
        Ok(name) => match Isa::from_name(name).filter(|isa| isa.is_available()) {
            Some(isa) => Ok(Some(isa)),
            None => Err(Error::InvalidArgument(format!(
                "Expected {VARIABLE} to be off or an instruction set of this machine (avx2, avx512) but found '{name}'"
            ))),
        },
    }
}

/// Whether the environment asks for the kernels of AVX2.
pub(super) fn kernels_limited_to_avx2() -> bool {
    std::env::var(VARIABLE).as_deref() == Ok(Isa::Avx2.name())
}

static PROGRAMS: Lazy<Mutex<HashMap<i64, Weak<Program>>>> = Lazy::new(Mutex::default);
static NEXT: AtomicI64 = AtomicI64::new(1);

fn programs() -> MutexGuard<'static, HashMap<i64, Weak<Program>>> {
    PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program that sessions can use as long as this is held.
pub struct RegisteredProgram {
    number: i64,
    kernels: &'static str,
    /// Sessions find it by its number; this keeps it alive for later sessions.
    _program: Arc<Program>,
}

impl RegisteredProgram {
    /// Registers a program, which runs with `kernels`.
    pub fn new(program: Program, kernels: &'static str) -> RegisteredProgram {
        let (number, program) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(program));
        programs().insert(number, Arc::downgrade(&program));
        RegisteredProgram { number, kernels, _program: program }
    }

    /// The name of the instruction set.
    pub fn kernels(&self) -> &'static str {
        self.kernels
    }

    /// The number that the operator's node must have.
    pub fn number(&self) -> i64 {
        self.number
    }
}

impl Drop for RegisteredProgram {
    fn drop(&mut self) {
        programs().remove(&self.number);
    }
}

/// The operators, for one session.
pub(super) fn domain() -> ort::Result<OperatorDomain> {
    OperatorDomain::new(operator::DOMAIN)?.add(ProgramOperator)
}

thread_local! {
    /// The context of the run that this thread is in: ONNX Runtime does not pass it to operators.
    static CONTEXT: RefCell<Option<OperatorContext>> = const { RefCell::new(None) };
}

#[derive(Clone)]
struct OperatorContext {
    run: RunContext,
    between_bands: fn(),
}

/// Gives `context` to operators that run within `work` on this thread; they call `between_bands` often.
pub(super) fn in_context<T>(context: &RunContext, between_bands: fn(), work: impl FnOnce() -> T) -> T {
    CONTEXT.set(Some(OperatorContext { run: context.clone(), between_bands }));
    let result = work();
    CONTEXT.set(None);
    result
}

struct ProgramOperator;

struct ProgramKernel(Arc<Program>);

impl Operator for ProgramOperator {
    type Kernel<'attr> = ProgramKernel;

    fn name(&self) -> &str {
        operator::NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [OperatorInput::required(Float32)]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<ProgramKernel> {
        catch_panics(|| {
            let number = context.get::<i64>(operator::NUMBER).unwrap_or_default();
            let program = programs().get(&number).and_then(Weak::upgrade);
            program
                .map(ProgramKernel)
                .ok_or_else(|| ort::Error::new(format!("there is no program number {number}")))
        })
    }
}

impl Kernel for ProgramKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        catch_panics(AssertUnwindSafe(|| self.run(context)))
    }
}

impl ProgramKernel {
    fn run(&self, context: &ComputeContext) -> ort::Result<()> {
        let missing = || ort::Error::new("the operator has one input and one output");
        let input = context.input(0)?.ok_or_else(missing)?;
        let (shape, planes) = input.try_extract_tensor::<f32>()?;
        let [1, _, height, width] = shape[..] else {
            return Err(ort::Error::new(format!("expected one picture but found shape {shape:?}")));
        };
        let size = (height as usize, width as usize);
        let (channels, out_height, out_width) = self.0.output_shape(size.0, size.1).ok_or_else(|| {
            ort::Error::new(format!("valid convolutions leave nothing of {width}x{height} pixels"))
        })?;
        let shape = vec![1, channels as i64, out_height as i64, out_width as i64];
        let mut output = context.output(0, shape)?.ok_or_else(missing)?;
        let (_, result) = output.try_extract_tensor_mut::<f32>()?;
        let context = CONTEXT.with_borrow(Clone::clone);
        let on_band = || {
            if let Some(context) = &context {
                (context.between_bands)();
                context.run.cancel.check()?;
            }
            Ok(spare_threads() + 1)
        };
        let on_progress = |done: f64| {
            if let Some(context) = &context {
                (context.run.on_progress)(done);
            }
        };
        let team = ThreadTeam { pool: helpers(), on_band: &on_band, on_progress: &on_progress };
        in_workspace(|workspace| self.0.run(planes, size, result, workspace, &team))
            .map_err(|error| ort::Error::new(error.to_string()))
    }
}

/// No panic may cross into ONNX Runtime.
fn catch_panics<T>(work: impl FnOnce() -> ort::Result<T> + std::panic::UnwindSafe) -> ort::Result<T> {
    catch_unwind(work).unwrap_or_else(|panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(ort::Error::new(format!("the operator panicked: {text}")))
    })
}
