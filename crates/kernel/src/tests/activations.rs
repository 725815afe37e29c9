//! Activations alone, over their whole range.

use super::super::*;
use super::{isas, to_planes, views};

/// Sends `values` through a 1x1 convolution that copies its channel, and an activation.
fn through(isa: Isa, activation: Activation, values: &[f32]) -> Vec<f32> {
    let epilogue = Epilogue::Activate(activation);
    let spec = ConvSpec { inputs: vec![1], outputs: 1, kernel: 1, padding: 0, upsample: false, epilogue };
    let conv = Conv::new(isa, &spec, &[1.0], &[0.0]).unwrap();
    let planes = to_planes(values, &[1], values.len());
    let mut plane = vec![0.0; values.len() * LANES];
    let planes = views(&planes);
    let picture = Activations::whole(1, values.len(), &planes, &[]);
    conv.run(picture, &mut [&mut plane], &mut Scratch::new()).unwrap();
    let mut out = vec![0.0; values.len()];
    from_nchwc(&plane, &mut [&mut out]).unwrap();
    out
}

#[test]
fn sigmoid_and_swish_are_accurate_everywhere() {
    let values: Vec<f32> = (-870_000..=870_000).map(|i| i as f32 * 1e-4).collect();
    for isa in isas() {
        let sigmoid = through(isa, Activation::Sigmoid, &values);
        let swish = through(isa, Activation::Swish, &values);
        for (i, &x) in values.iter().enumerate() {
            let exact = 1.0 / (1.0 + f64::from(-x).exp());
            let relative = |found: f32, exact: f64| (f64::from(found) - exact).abs() / exact.abs().max(1e-40);
            assert!(relative(sigmoid[i], exact) < 2.5e-7, "sigmoid({x}) is {}, not {exact}", sigmoid[i]);
            let exact = exact * f64::from(x);
            assert!(relative(swish[i], exact) < 2.5e-7, "swish({x}) is {}, not {exact}", swish[i]);
        }
    }
}

#[test]
fn activations_saturate_without_surprise() {
    for isa in isas() {
        let extreme = [-1e30, -200.0, 0.0, 200.0, 1e30];
        let sigmoid = through(isa, Activation::Sigmoid, &extreme);
        assert!(sigmoid[0] < 1e-37 && sigmoid[1] < 1e-37, "{sigmoid:?}");
        assert_eq!(sigmoid[2..], [0.5, 1.0, 1.0]);
        assert_eq!(through(isa, Activation::Relu, &extreme), [0.0, 0.0, 0.0, 200.0, 1e30]);
        assert_eq!(through(isa, Activation::LeakyRelu(0.5), &extreme), [-5e29, -100.0, 0.0, 200.0, 1e30]);
        let swish = through(isa, Activation::Swish, &extreme);
        assert!(swish[1].abs() < 1e-34, "{swish:?}");
        assert_eq!(swish[2..], [0.0, 200.0, 1e30]);
    }
}

#[test]
fn an_activation_by_itself_has_the_bits_of_an_epilogue() {
    let values: Vec<f32> = (-400..=400).map(|i| i as f32 * 0.05).collect();
    let activations = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu(0.2),
        Activation::PRelu(vec![0.3]),
        Activation::Sigmoid,
        Activation::Swish,
    ];
    for (isa, activation) in isas().into_iter().flat_map(|isa| activations.iter().map(move |a| (isa, a))) {
        let plane = &to_planes(&values, &[1], values.len())[0];
        let mut out = vec![f32::NAN; plane.len()];
        ActivationKernel::new(isa, activation.clone(), 1).unwrap().run(0, plane, &mut out).unwrap();
        let mut found = vec![0.0; values.len()];
        from_nchwc(&out, &mut [&mut found]).unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found), bits(&through(isa, activation.clone(), &values)), "{isa:?} {activation:?}");
    }
    let relu = ActivationKernel::new(Isa::Portable, Activation::Relu, 1).unwrap();
    assert!(matches!(relu.run(0, &[0.0; 15], &mut [0.0; 15]), Err(Error::Shape(_))));
    assert!(matches!(relu.run(0, &[0.0; 16], &mut [0.0; 32]), Err(Error::Shape(_))));
}
