//! A convolution with a fused 1x1 convolution, against the two of them.

use proptest::prelude::*;

use super::*;

/// The case as a convolution that a 1x1 can be fused with: larger than 1x1, without a residual.
fn fusible(mut case: Case) -> Case {
    if case.spec.kernel == 1 {
        (case.spec.kernel, case.spec.padding) = (3, 1);
    }
    if case.spec.epilogue.has_residual() {
        case.spec.epilogue = Epilogue::Activate(Activation::Swish);
    }
    case
}

/// The channels of each plane that exist.
fn channels(planes: &[Vec<f32>], count: usize) -> Vec<u32> {
    let pixels = |(index, plane): (usize, &Vec<f32>)| {
        let lanes = LANES.min(count - index * LANES);
        plane.chunks(LANES).flat_map(|pixel| bits(&pixel[..lanes])).collect::<Vec<_>>()
    };
    planes.iter().enumerate().flat_map(pixels).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_convolution_has_the_bits_of_two(
        case in case(24, 70),
        outputs in prop_oneof![1..=4_usize, 1..=130_usize],
        add: bool,
        band in 1_usize..5,
    ) {
        let case = fusible(case);
        let data = case.data();
        let identity = Activation::Identity;
        let epilogue = if add { Epilogue::AddThenActivate(identity) } else { Epilogue::Activate(identity) };
        let mut noise = Noise(case.seed ^ 2);
        let (weights, bias) = (noise.floats(outputs * case.spec.outputs), noise.floats(outputs));
        let inputs = to_planes(&data.input, &case.spec.inputs, case.height * case.width);
        let size = data.out_height * data.out_width;
        let residual = to_planes(&noise.floats(outputs * size), &[outputs], size);
        let (inputs, residual) = (views(&inputs), views(&residual));
        let residual = if add { &residual[..] } else { &[] };

        for isa in isas() {
            let larger = || Conv::new(isa, &case.spec, &data.filters, &data.bias).unwrap();
            let pointwise = ConvSpec {
                inputs: vec![case.spec.outputs],
                outputs,
                kernel: 1,
                padding: 0,
                upsample: false,
                epilogue: epilogue.clone(),
            };
            let pointwise = Conv::new(isa, &pointwise, &weights, &bias).unwrap();
            let between = planes(&larger(), Activations::whole(case.height, case.width, &inputs, &[]), 4 * band);
            let between = views(&between);
            let picture = Activations::whole(data.out_height, data.out_width, &between, residual);
            let expected = planes(&pointwise, picture, data.out_height);

            let both = larger().fuse_pointwise(&epilogue, &weights, &bias).unwrap();
            let found = planes(&both, Activations::whole(case.height, case.width, &inputs, residual), 4 * band);
            prop_assert!(channels(&found, outputs) == channels(&expected, outputs), "{:?}", isa);
        }
    }
}

#[test]
fn what_cannot_be_fused_is_refused() {
    let conv = |kernel: usize, epilogue: Epilogue| {
        let spec = ConvSpec { epilogue, ..spec(kernel, kernel / 2) };
        Conv::new(Isa::Portable, &spec, &vec![0.0; 2 * kernel * kernel], &[0.0]).unwrap()
    };
    let plain = || Epilogue::Activate(Activation::Identity);
    let refused = |conv: Conv, weights: usize, bias: usize| {
        let error = conv.fuse_pointwise(&plain(), &vec![0.0; weights], &vec![0.0; bias]).err();
        assert!(matches!(error, Some(Error::Spec(_))), "{error:?}");
    };
    refused(conv(1, plain()), 2, 2);
    refused(conv(3, Epilogue::Gate), 2, 2);
    refused(conv(3, plain()), 3, 2);
    refused(conv(3, plain()), 0, 0);
    let fused = || conv(3, plain()).fuse_pointwise(&plain(), &[0.0; 2], &[0.0; 2]).unwrap();
    refused(fused(), 4, 2);
    assert_eq!((fused().outputs(), fused().has_residual()), (2, false));
}
