//! Channel runs: which channels of a picture go through the network together, and to which channels its outputs go.

use crate::error::Error;

/// What one input plane of the network holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputChannel {
    /// A channel of the picture.
    Channel(usize),
    /// Full opacity, for networks that want alpha where there is none.
    Opaque,
}

/// A channel of the result, and how outputs of the network become it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputChannel {
    /// A plane becomes a channel of the result.
    Plane { plane: usize, channel: usize },
    /// The BT.601 luma of planes 0..3 becomes a channel of the result.
    Luma { channel: usize },
}

/// The networks that a model may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The network as it is.
    Primary,
    /// Its one-channel form.
    Grey,
}

impl OutputChannel {
    /// The channel of the result.
    pub fn channel(self) -> usize {
        match self {
            OutputChannel::Plane { channel, .. } | OutputChannel::Luma { channel } => channel,
        }
    }
}

/// One run of a network over a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRun {
    pub form: Form,
    /// One per input plane.
    pub sources: Vec<InputChannel>,
    /// What is kept.
    pub targets: Vec<OutputChannel>,
}

/// The runs that upscale a picture of `colours` colour channels (1 or 3), and its alpha channel with them if
/// `alpha`, through a network of `planes_in` and `planes_out` planes.
///
/// Grey and alpha go through the one-channel form of a colour network, if there is one (`has_grey`); else they are shown
/// to all three planes, and the luma of what comes out is kept, which is the same. A one-plane network sees each channel
/// on its own.
///
/// # Errors
/// [`Error::ModelShape`] for networks with other than 1, 3 or 4 planes, or that change their number.
pub fn channel_runs(
    colours: usize,
    alpha: bool,
    (planes_in, planes_out): (usize, usize),
    has_grey: bool,
) -> Result<Vec<ChannelRun>, Error> {
    if !matches!((planes_in, planes_out), (1, 1) | (3, 3) | (4, 4)) {
        return Err(Error::ModelShape(format!(
            "Expected a network from 1, 3 or 4 channels to as many but found one from {planes_in} to {planes_out}"
        )));
    }
    let channels = colours + usize::from(alpha);
    let grey = if has_grey { |channel| single(Form::Grey, channel) } else { broadcast };
    Ok(match planes_in {
        1 => (0..channels).map(|channel| single(Form::Primary, channel)).collect(),
        3 => {
            let colour =
                if colours == 1 { grey(0) } else { planes((0..3).map(InputChannel::Channel).collect(), 3) };
            std::iter::once(colour).chain(alpha.then(|| grey(colours))).collect()
        }
        _ => vec![rgba(colours, alpha)],
    })
}

fn single(form: Form, channel: usize) -> ChannelRun {
    ChannelRun {
        form,
        sources: vec![InputChannel::Channel(channel)],
        targets: vec![OutputChannel::Plane { plane: 0, channel }],
    }
}

fn broadcast(channel: usize) -> ChannelRun {
    let sources = vec![InputChannel::Channel(channel); 3];
    ChannelRun { form: Form::Primary, sources, targets: vec![OutputChannel::Luma { channel }] }
}

fn planes(sources: Vec<InputChannel>, kept: usize) -> ChannelRun {
    let targets = (0..kept).map(|plane| OutputChannel::Plane { plane, channel: plane }).collect();
    ChannelRun { form: Form::Primary, sources, targets }
}

fn rgba(colours: usize, alpha: bool) -> ChannelRun {
    let opacity = if alpha { InputChannel::Channel(colours) } else { InputChannel::Opaque };
    if colours == 3 {
        let sources = (0..3).map(InputChannel::Channel).chain([opacity]).collect();
        return planes(sources, 3 + usize::from(alpha));
    }
    let mut channel_run = broadcast(0);
    channel_run.sources.push(opacity);
    if alpha {
        channel_run.targets.push(OutputChannel::Plane { plane: 3, channel: 1 });
    }
    channel_run
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The channels of the result that the channel runs fill, sorted.
    fn filled(channel_runs: &[ChannelRun]) -> Vec<usize> {
        let mut channels: Vec<_> = channel_runs
            .iter()
            .flat_map(|channel_run| channel_run.targets.iter().map(|target| target.channel()))
            .collect();
        channels.sort_unstable();
        channels
    }

    #[test]
    fn every_channel_is_filled_once_and_every_plane_is_fed() {
        for (colours, alpha) in [(1, false), (1, true), (3, false), (3, true)] {
            for (planes, has_grey) in [(1, false), (3, false), (3, true), (4, false)] {
                let channel_runs = channel_runs(colours, alpha, (planes, planes), has_grey).unwrap();
                assert_eq!(filled(&channel_runs), (0..colours + usize::from(alpha)).collect::<Vec<_>>());
                let fed = |channel_run: &ChannelRun| match channel_run.form {
                    Form::Primary => channel_run.sources.len() == planes,
                    Form::Grey => has_grey && channel_run.sources.len() == 1,
                };
                assert!(channel_runs.iter().all(fed));
            }
        }
    }

    #[test]
    fn other_networks_are_refused() {
        assert_eq!(channel_runs(3, false, (2, 2), false).unwrap_err().code(), "ERR_UPSCALER_MODEL_SHAPE");
        assert_eq!(channel_runs(3, false, (3, 1), false).unwrap_err().code(), "ERR_UPSCALER_MODEL_SHAPE");
    }
}
