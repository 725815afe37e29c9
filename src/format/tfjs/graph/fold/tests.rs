//! Against what numpy and TensorFlow document, computed by hand.

use super::*;

fn floats(dims: &[usize], values: &[f32]) -> Known {
    Known { dims: dims.to_vec(), elements: Elements::floats(values.to_vec()) }
}

fn ints(dims: &[usize], values: &[i64]) -> Known {
    Known { dims: dims.to_vec(), elements: Elements::ints(values.to_vec()) }
}

fn flags(dims: &[usize], values: &[bool]) -> Known {
    Known { dims: dims.to_vec(), elements: Elements::flags(values.to_vec()) }
}

#[test]
fn division_rounds_down_and_the_rest_has_the_divisors_sign() {
    let (a, b) = (ints(&[4], &[7, -7, 7, -7]), ints(&[4], &[2, 2, -2, -2]));
    assert_eq!(Arithmetic::FloorDiv.fold(&a, &b), Some(ints(&[4], &[3, -4, -4, 3])));
    assert_eq!(Arithmetic::FloorMod.fold(&a, &b), Some(ints(&[4], &[1, 1, -1, -1])));
    let (a, b) = (floats(&[2], &[-7.5, 7.5]), floats(&[1], &[2.0]));
    assert_eq!(Arithmetic::FloorDiv.fold(&a, &b), Some(floats(&[2], &[-4.0, 3.0])));
    assert_eq!(Arithmetic::FloorMod.fold(&a, &b), Some(floats(&[2], &[0.5, 1.5])));
}

#[test]
fn what_integers_cannot_do_is_not_folded() {
    assert_eq!(Arithmetic::Div.fold(&Known::int(1), &Known::int(0)), None);
    assert_eq!(Arithmetic::FloorMod.fold(&Known::int(1), &Known::int(0)), None);
    assert_eq!(Arithmetic::Mul.fold(&Known::int(i64::MAX), &Known::int(2)), None);
    assert_eq!(Arithmetic::Pow.fold(&Known::int(2), &Known::int(-1)), None);
    assert_eq!(Arithmetic::Add.fold(&Known::int(1), &Known::float(1.0)), None);
}

#[test]
fn division_without_nan_is_zero_where_the_divisor_is() {
    let (a, b) = (floats(&[3], &[1.0, 0.0, -3.0]), floats(&[3], &[0.0, 0.0, 2.0]));
    assert_eq!(Arithmetic::DivNoNan.fold(&a, &b), Some(floats(&[3], &[0.0, 0.0, -1.5])));
    assert_eq!(Arithmetic::DivNoNan.fold(&Known::int(7), &Known::int(0)), Some(Known::int(0)));
}

#[test]
fn shapes_are_broadcast_from_the_end() {
    let (column, row) = (ints(&[2, 1], &[10, 20]), ints(&[3], &[1, 2, 3]));
    assert_eq!(Arithmetic::Add.fold(&column, &row), Some(ints(&[2, 3], &[11, 12, 13, 21, 22, 23])));
    assert_eq!(Arithmetic::Add.fold(&ints(&[2], &[1, 2]), &row), None);
    assert_eq!(row.broadcast(&[2, 3]), Some(ints(&[2, 3], &[1, 2, 3, 1, 2, 3])));
    assert_eq!(row.broadcast(&[3, 2]), None);
    assert_eq!(broadcast_shape(&[5, 1, 4], &[3, 1]), Some(vec![5, 3, 4]));
}

#[test]
fn absurdly_large_results_are_refused_before_memory_is_reserved() {
    assert_eq!(Known::int(1).broadcast(&[1 << 20, 1 << 20]), None);
    assert_eq!(Known::int(1).broadcast(&[1 << 40, 1 << 40]), None);
    let (column, row) = (Known::ints(vec![0; 1 << 13]), Known::ints(vec![0; 1 << 13]));
    let column = column.reshaped(&[1 << 13, 1]).unwrap();
    assert_eq!(Arithmetic::Add.fold(&column, &row), None);
}

#[test]
fn elements_move_with_their_axes() {
    let x = ints(&[2, 3], &[1, 2, 3, 4, 5, 6]);
    assert_eq!(x.transposed(&[1, 0]), Some(ints(&[3, 2], &[1, 4, 2, 5, 3, 6])));
    assert_eq!(x.reshaped(&[3, 2]), Some(ints(&[3, 2], &[1, 2, 3, 4, 5, 6])));
    assert_eq!(x.reshaped(&[4]), None);
    let joined = ints(&[2, 4], &[1, 2, 3, 7, 4, 5, 6, 8]);
    assert_eq!(Known::concatenated(&[&x, &ints(&[2, 1], &[7, 8])], 1), Some(joined));
    assert_eq!(x.walked(&[2], &[-1], 5), Some(ints(&[2], &[6, 5])));
    assert_eq!(x.walked(&[2], &[1], 5), None);
}

#[test]
fn questions_choices_and_casts() {
    let x = floats(&[3], &[-1.0, 0.0, 2.5]);
    let positive = Comparison::Greater.fold(&x, &Known::float(0.0)).unwrap();
    assert_eq!(positive, flags(&[3], &[false, false, true]));
    assert_eq!(select(&positive, &x, &Known::float(9.0)), Some(floats(&[3], &[9.0, 9.0, 2.5])));
    assert_eq!(x.cast("DT_INT32"), Some(ints(&[3], &[-1, 0, 2])));
    assert_eq!(positive.cast("DT_FLOAT"), Some(floats(&[3], &[0.0, 0.0, 1.0])));
    assert_eq!(x.cast("DT_STRING"), None);
    let both = Logical::And.fold(&positive, &flags(&[1], &[true]));
    assert_eq!(both, Some(positive));
}

#[test]
fn numbers_of_one_are_those_of_ieee_and_tensorflow() {
    let x = floats(&[4], &[-2.5, -0.5, 0.0, 4.0]);
    assert_eq!(Unary::Round.fold(&x), Some(floats(&[4], &[-2.0, 0.0, 0.0, 4.0])));
    assert_eq!(Unary::Sign.fold(&x), Some(floats(&[4], &[-1.0, -1.0, 0.0, 1.0])));
    assert_eq!(Unary::Rsqrt.fold(&Known::float(4.0)), Some(Known::float(0.5)));
    assert_eq!(Unary::Square.fold(&Known::int(-3)), Some(Known::int(9)));
    assert_eq!(Unary::Sqrt.fold(&Known::int(4)), None);
}

#[test]
fn reductions_keep_their_axes() {
    let x = floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 9.0]);
    assert_eq!(reduce(Reduction::Sum, &x, &[1]), Some(floats(&[2, 1], &[6.0, 18.0])));
    assert_eq!(reduce(Reduction::Mean, &x, &[0]), Some(floats(&[1, 3], &[2.5, 3.5, 6.0])));
    assert_eq!(reduce(Reduction::Max, &x, &[0, 1]), Some(floats(&[1, 1], &[9.0])));
    assert_eq!(reduce(Reduction::Prod, &ints(&[2], &[3, 4]), &[0]), Some(ints(&[1], &[12])));
}
