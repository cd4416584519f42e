//! What can happen, as data.

use proptest::prelude::*;

use super::world::INFORMERS;

/// What happens, one after the other.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Something is written to one of a few objects.
    Write(usize, Write),
    /// All objects of a namespace with a label are deleted.
    DeleteCollection { namespace: usize, label: usize },
    /// A client reads all there is.
    Read(usize),
    /// A client loses its connection and all it has seen in its last few steps.
    Disconnect { informer: usize, back: usize },
    /// So many seconds go by.
    Pass(u64),
    /// The server is started anew on what is stored.
    Restart,
}

#[derive(Clone, Debug)]
pub(super) enum Write {
    /// Gives the object a label; makes the object if there is none.
    Label(usize),
    /// Gives it a phase.
    Phase(usize),
    /// Gives it a timeout of so many minutes.
    Timeout(u8),
    /// Gives it a finalizer, so that it stays when it is deleted, or takes it away.
    Pin(bool),
    Delete,
}

pub(super) const OBJECTS: [(&str, &str); 6] =
    [("default", "a"), ("default", "b"), ("default", "c"), ("other", "a"), ("other", "b"), ("other", "d")];
pub(super) const NAMESPACES: [&str; 2] = ["default", "other"];
pub(super) const LABELS: [&str; 3] = ["x", "y", "z"];
pub(super) const PHASES: [&str; 2] = ["Pending", "Running"];

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let informer = || 0..INFORMERS.len();
    let collection = (0..NAMESPACES.len(), 0..LABELS.len());
    let step = prop_oneof![
        24 => (0..OBJECTS.len(), write()).prop_map(|(object, write)| Step::Write(object, write)),
        1 => collection.prop_map(|(namespace, label)| Step::DeleteCollection { namespace, label }),
        8 => informer().prop_map(Step::Read),
        4 => (informer(), 0..6_usize).prop_map(|(informer, back)| Step::Disconnect { informer, back }),
        1 => (1..400_u64).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        8 => (0..LABELS.len()).prop_map(Write::Label),
        4 => (0..PHASES.len()).prop_map(Write::Phase),
        2 => (1..4_u8).prop_map(Write::Timeout),
        2 => any::<bool>().prop_map(Write::Pin),
        4 => Just(Write::Delete),
    ]
}
