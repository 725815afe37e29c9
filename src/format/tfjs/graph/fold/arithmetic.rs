//! Element by element, with broadcasting.

use super::movement::{affordable, broadcast_shape, broadcast_strides, walk};
use super::{Elements, Known};

/// Operators of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Abs,
    Ceil,
    Cos,
    Erf,
    Exp,
    Floor,
    Log,
    Neg,
    Reciprocal,
    Relu,
    Round,
    Rsqrt,
    Sigmoid,
    Sign,
    Sin,
    Softplus,
    Sqrt,
    Square,
    Tanh,
}

impl Unary {
    fn of_float(self, x: f32) -> Option<f32> {
        Some(match self {
            Unary::Abs => x.abs(),
            Unary::Ceil => x.ceil(),
            Unary::Cos => x.cos(),
            // Nothing computes sizes with it: left to the engine.
            Unary::Erf => return None,
            Unary::Exp => x.exp(),
            Unary::Floor => x.floor(),
            Unary::Log => x.ln(),
            Unary::Neg => -x,
            Unary::Reciprocal => x.recip(),
            Unary::Relu => x.max(0.0),
            Unary::Round => x.round_ties_even(),
            Unary::Rsqrt => x.sqrt().recip(),
            Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Unary::Sign => {
                if x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
            Unary::Sin => x.sin(),
            Unary::Softplus => x.exp().ln_1p(),
            Unary::Sqrt => x.sqrt(),
            Unary::Square => x * x,
            Unary::Tanh => x.tanh(),
        })
    }

    fn of_int(self, n: i64) -> Option<i64> {
        match self {
            Unary::Abs => n.checked_abs(),
            Unary::Neg => n.checked_neg(),
            Unary::Relu => Some(n.max(0)),
            Unary::Sign => Some(n.signum()),
            Unary::Square => n.checked_mul(n),
            _ => None,
        }
    }

    /// The operator on a known tensor; `None` where the type or a number does not allow it.
    pub fn fold(self, x: &Known) -> Option<Known> {
        let elements = match &x.elements {
            Elements::Floats(values) => {
                Elements::floats(values.iter().map(|&x| self.of_float(x)).collect::<Option<_>>()?)
            }
            Elements::Ints(values) => {
                Elements::ints(values.iter().map(|&n| self.of_int(n)).collect::<Option<_>>()?)
            }
            Elements::Flags(_) => return None,
        };
        Some(Known { dims: x.dims.clone(), elements })
    }
}

/// Operators of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    /// Division that is 0 where the divisor is.
    DivNoNan,
    FloorDiv,
    FloorMod,
    Max,
    Min,
    Pow,
    SquaredDifference,
}

impl Arithmetic {
    fn of_floats(self, a: f32, b: f32) -> f32 {
        match self {
            Arithmetic::Add => a + b,
            Arithmetic::Sub => a - b,
            Arithmetic::Mul => a * b,
            Arithmetic::Div => a / b,
            Arithmetic::DivNoNan => {
                if b == 0.0 {
                    0.0
                } else {
                    a / b
                }
            }
            Arithmetic::FloorDiv => (a / b).floor(),
            Arithmetic::FloorMod => a - (a / b).floor() * b,
            Arithmetic::Max => a.max(b),
            Arithmetic::Min => a.min(b),
            Arithmetic::Pow => a.powf(b),
            Arithmetic::SquaredDifference => (a - b) * (a - b),
        }
    }

    fn of_ints(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Sub => a.checked_sub(b),
            Arithmetic::Mul => a.checked_mul(b),
            Arithmetic::Div => a.checked_div(b),
            Arithmetic::DivNoNan => {
                if b == 0 {
                    Some(0)
                } else {
                    a.checked_div(b)
                }
            }
            Arithmetic::FloorDiv => Some(a.checked_div(b)? - i64::from(a % b != 0 && (a < 0) != (b < 0))),
            Arithmetic::FloorMod => Some((a.checked_rem(b)? + b) % b),
            Arithmetic::Max => Some(a.max(b)),
            Arithmetic::Min => Some(a.min(b)),
            Arithmetic::Pow => a.checked_pow(u32::try_from(b).ok()?),
            Arithmetic::SquaredDifference => a.checked_sub(b)?.checked_pow(2),
        }
    }

    /// The operator on known tensors; `None` where shapes, types or numbers do not allow it.
    pub fn fold(self, a: &Known, b: &Known) -> Option<Known> {
        match (&a.elements, &b.elements) {
            (Elements::Floats(x), Elements::Floats(y)) => {
                let (dims, pairs) = pairs(a, b)?;
                let values = pairs.map(|(m, n)| self.of_floats(x[m], y[n])).collect();
                Some(Known { dims, elements: Elements::floats(values) })
            }
            (Elements::Ints(x), Elements::Ints(y)) => {
                let (dims, mut pairs) = pairs(a, b)?;
                let values = pairs.try_fold(Vec::new(), |mut all, (m, n)| {
                    all.push(self.of_ints(x[m], y[n])?);
                    Some(all)
                })?;
                Some(Known { dims, elements: Elements::ints(values) })
            }
            _ => None,
        }
    }
}

/// Questions about two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Comparison {
    fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Comparison::Equal => a == b,
            Comparison::NotEqual => a != b,
            Comparison::Greater => a > b,
            Comparison::GreaterEqual => a >= b,
            Comparison::Less => a < b,
            Comparison::LessEqual => a <= b,
        }
    }

    /// The answers for known tensors; `None` where shapes or types do not allow it.
    pub fn fold(self, a: &Known, b: &Known) -> Option<Known> {
        let (dims, pairs) = pairs(a, b)?;
        let flags = match (&a.elements, &b.elements) {
            (Elements::Floats(x), Elements::Floats(y)) => {
                pairs.map(|(m, n)| self.holds(x[m], y[n])).collect()
            }
            (Elements::Ints(x), Elements::Ints(y)) => pairs.map(|(m, n)| self.holds(x[m], y[n])).collect(),
            (Elements::Flags(x), Elements::Flags(y)) => pairs.map(|(m, n)| self.holds(x[m], y[n])).collect(),
            _ => return None,
        };
        Some(Known { dims, elements: Elements::flags(flags) })
    }
}

/// Operators of two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    And,
    Or,
}

impl Logical {
    /// The operator on known tensors; `None` where shapes or types do not allow it.
    pub fn fold(self, a: &Known, b: &Known) -> Option<Known> {
        let (dims, pairs) = pairs(a, b)?;
        let (Elements::Flags(x), Elements::Flags(y)) = (&a.elements, &b.elements) else { return None };
        let flags = pairs.map(|(m, n)| match self {
            Logical::And => x[m] && y[n],
            Logical::Or => x[m] || y[n],
        });
        Some(Known { dims, elements: Elements::flags(flags.collect()) })
    }
}

/// Where each element of the result has its two operands.
#[expect(clippy::type_complexity, reason = "a shape and the pairs that fill it")]
fn pairs(a: &Known, b: &Known) -> Option<(Vec<usize>, Box<dyn Iterator<Item = (usize, usize)>>)> {
    let dims = broadcast_shape(&a.dims, &b.dims).filter(|dims| affordable(dims))?;
    if a.dims == b.dims {
        return Some((dims, Box::new((0..a.count()).map(|n| (n, n)))));
    }
    let positions = |x: &Known| walk(&dims, &broadcast_strides(&x.dims, &dims), 0);
    let (of_a, of_b) = (positions(a), positions(b));
    Some((dims, Box::new(of_a.into_iter().zip(of_b))))
}

/// `yes` where `condition` holds, `no` elsewhere; `None` where shapes or types do not allow it.
pub fn select(condition: &Known, yes: &Known, no: &Known) -> Option<Known> {
    let dims = broadcast_shape(&broadcast_shape(&condition.dims, &yes.dims)?, &no.dims)?;
    affordable(&dims).then_some(())?;
    let Elements::Flags(flags) = condition.broadcast(&dims)?.elements else { return None };
    let (yes, no) = (yes.broadcast(&dims)?.elements, no.broadcast(&dims)?.elements);
    fn choose<T: Copy>(flags: &[bool], yes: &[T], no: &[T]) -> Vec<T> {
        flags.iter().zip(yes.iter().zip(no)).map(|(&flag, (&y, &n))| if flag { y } else { n }).collect()
    }
    let elements = match (yes, no) {
        (Elements::Floats(y), Elements::Floats(n)) => Elements::floats(choose(&flags, &y, &n)),
        (Elements::Ints(y), Elements::Ints(n)) => Elements::ints(choose(&flags, &y, &n)),
        (Elements::Flags(y), Elements::Flags(n)) => Elements::flags(choose(&flags, &y, &n)),
        _ => return None,
    };
    Some(Known { dims, elements })
}

/// Many numbers made one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    Sum,
    Mean,
    Prod,
    Max,
    Min,
}

impl Reduction {
    fn begin(self) -> f64 {
        match self {
            Reduction::Sum | Reduction::Mean => 0.0,
            Reduction::Prod => 1.0,
            Reduction::Max => f64::NEG_INFINITY,
            Reduction::Min => f64::INFINITY,
        }
    }

    fn step(self, all: f64, x: f64) -> f64 {
        match self {
            Reduction::Sum | Reduction::Mean => all + x,
            Reduction::Prod => all * x,
            Reduction::Max => all.max(x),
            Reduction::Min => all.min(x),
        }
    }
}

/// Reduces along `axes`, which stay with one element each: the caller takes them out if they are to go. `None` for
/// truth values.
pub fn reduce(kind: Reduction, x: &Known, axes: &[usize]) -> Option<Known> {
    let dims: Vec<usize> =
        x.dims.iter().enumerate().map(|(n, &dim)| if axes.contains(&n) { 1 } else { dim }).collect();
    let numbers: Vec<f64> = match &x.elements {
        Elements::Floats(values) => values.iter().map(|&x| x.into()).collect(),
        Elements::Ints(values) => values.iter().map(|&n| n as f64).collect(),
        Elements::Flags(_) => return None,
    };
    let mut all = vec![kind.begin(); dims.iter().product()];
    let targets = walk(&x.dims, &broadcast_strides(&dims, &x.dims), 0);
    for (&number, target) in numbers.iter().zip(targets) {
        all[target] = kind.step(all[target], number);
    }
    if kind == Reduction::Mean {
        let each = numbers.len() as f64 / all.len().max(1) as f64;
        all.iter_mut().for_each(|sum| *sum /= each);
    }
    let elements = match &x.elements {
        Elements::Floats(_) => Elements::floats(all.iter().map(|&x| x as f32).collect()),
        _ => Elements::ints(all.iter().map(|&x| x as i64).collect()),
    };
    Some(Known { dims, elements })
}
