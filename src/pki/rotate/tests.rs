//! The machine, step by step, and under any order of steps, crashes and accidents.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

use super::observed::{Authorities, Held, Issuer, Observed, Serving};
use super::simulation::{AuthoritySecret, Object, Rotator, ServingSecret, World, print};
use super::witness::{Requests, Witness};
use super::*;

/// Lets one rotator work, while replicas reload at once, until it rests; returns the steps without repetition.
fn run(world: &mut World, intent: Intent) -> Vec<Action> {
    let mut rotator = Rotator::new(intent, 0);
    let mut taken: Vec<Action> = Vec::new();
    for _ in 0..200 {
        let action = rotator.round(world);
        if taken.last() != Some(&action) {
            taken.push(action.clone());
        }
        if matches!(action, Action::Rest { .. }) {
            return taken;
        }
        world.time += 5;
        (0..world.pods.len()).for_each(|at| world.fetch(at));
        (0..world.pods.len()).for_each(|at| world.adopt(at));
    }
    panic!("it does not come to rest: {taken:?}");
}

fn phases(actions: &[Action]) -> Vec<Phase> {
    let mut phases: Vec<_> = actions.iter().map(Action::phase).collect();
    phases.dedup();
    phases
}

/// Lets `rotator` work until it is about to do what `wanted` accepts, without replicas that reload.
fn until(rotator: &mut Rotator, world: &mut World, wanted: impl Fn(&Action) -> bool) -> Action {
    for _ in 0..200 {
        let action = rotator.round(world);
        world.time += 5;
        if wanted(&action) {
            return action;
        }
    }
    panic!("it never gets there");
}

#[test]
fn a_rotation_goes_through_its_phases_in_order() {
    use Phase::*;
    let mut world = World::steady(2);
    let before = world.published.content.clone();
    let phases = phases(&run(&mut world, Intent::Everything));
    assert_eq!(phases, [Distribute, ConvergeTrust, Switch, ConvergeServing, Retire, Steady]);
    assert!(world.is_steady());
    assert!(before.is_disjoint(&world.published.content));
}

#[test]
fn what_is_healthy_is_left_alone() {
    let mut world = World::steady(2);
    assert_eq!(phases(&run(&mut world, Intent::Heal)), [Phase::Steady]);
}

#[test]
fn a_new_leaf_needs_no_new_trust() {
    let mut world = World::steady(2);
    let trust = world.published.revision;
    let actions = run(&mut world, Intent::Serving);
    assert_eq!(actions[0], Action::Switch(Why::Asked));
    assert_eq!(world.published.revision, trust);
    assert!(world.is_steady());
}

#[test]
fn a_leaf_is_renewed_at_two_thirds_of_its_life_and_rest_says_when() {
    let mut world = World::steady(1);
    let Action::Rest { until } = Rotator::new(Intent::Heal, 0).round(&mut world) else { panic!() };
    world.time = until.as_second().unsigned_abs() - 1;
    assert!(matches!(Rotator::new(Intent::Heal, 0).round(&mut world), Action::Rest { .. }));
    world.time += 1;
    assert_eq!(Rotator::new(Intent::Heal, 0).round(&mut world), Action::Switch(Why::Aged));
}

#[test]
fn an_authority_is_replaced_before_a_leaf_would_outlive_it() {
    let mut world = World::steady(1);
    let mut begun = None;
    for day in 0..800 {
        world.time = day * 24 * 60 * 60;
        let actions = run(&mut world, Intent::Heal);
        if actions[0] == Action::Begin(Why::Aged) {
            begun = begun.or(Some(day));
        }
        let (authorities, serving) = (world.authorities.as_ref().unwrap(), world.serving.as_ref().unwrap());
        let leaf = serving.content.leaf.as_ref().unwrap();
        assert!(leaf.life.not_after <= authorities.content.issuing.life.not_after, "day {day}");
    }
    assert_eq!(begun, Some(487));
}

#[test]
fn a_replica_that_does_not_reload_stops_the_rotation_before_anything_is_retired() {
    let mut world = World::steady(2);
    let mut rotator = Rotator::new(Intent::Everything, 0);
    until(&mut rotator, &mut world, |action| matches!(action, Action::Switch(_)));
    world.fetch(0);
    world.adopt(0);
    let lazy = world.pods[1].name.clone();
    for _ in 0..100 {
        assert_eq!(rotator.round(&mut world), Action::AwaitReplicas { behind: vec![lazy.clone()] });
        world.time += 60;
    }
    assert!(world.is_consistent());
    assert_eq!(world.published.content.len(), 2);
}

#[test]
fn an_abort_before_the_switch_goes_back_without_a_new_leaf() {
    let mut world = World::steady(2);
    let leaf = world.serving.as_ref().unwrap().content.leaf.clone();
    let trust = world.published.content.clone();
    until(&mut Rotator::new(Intent::Everything, 0), &mut world, |action| *action == Action::AwaitTrust);
    let actions = run(&mut world, Intent::Abort);
    assert_eq!(actions[0], Action::Revert);
    assert!(world.is_steady());
    assert_eq!((world.published.content.clone(), world.serving.unwrap().content.leaf), (trust, leaf));
}

#[test]
fn an_abort_after_the_switch_goes_back_by_the_same_way() {
    let mut world = World::steady(2);
    let trust = world.published.content.clone();
    until(&mut Rotator::new(Intent::Everything, 0), &mut world, |action| matches!(action, Action::Switch(_)));
    let actions = run(&mut world, Intent::Abort);
    assert!(actions.contains(&Action::Revert) && actions.contains(&Action::Switch(Why::OtherIssuer)));
    assert!(world.is_steady());
    assert_eq!(world.published.content, trust);
}

#[test]
fn an_abort_that_comes_too_late_lets_the_rotation_end() {
    let mut world = World::steady(1);
    let mut rotator = Rotator::new(Intent::Everything, 0);
    loop {
        world.fetch(0);
        world.adopt(0);
        world.time += 5;
        if rotator.round(&mut world) == Action::Forget {
            break;
        }
    }
    assert_eq!(phases(&run(&mut world, Intent::Abort)).last(), Some(&Phase::Steady));
    assert!(world.is_steady());
}

#[test]
fn a_switch_that_was_decided_before_an_abort_does_not_land_after_it() {
    let mut world = World::steady(1);
    let mut late = Rotator::new(Intent::Everything, 0);
    while !late.is_about_to_switch() {
        late.step(&mut world);
        world.time += 2;
    }
    let leaf = world.serving.as_ref().unwrap().content.leaf.clone();
    run(&mut world, Intent::Abort);
    assert!(matches!(late.step(&mut world), Some(Action::Switch(_))));
    assert_eq!(world.serving.as_ref().unwrap().content.leaf, leaf);
    assert!(world.is_steady());
}

#[test]
fn two_rotations_at_once_are_one() {
    let mut world = World::steady(2);
    let mut rotators = [Rotator::new(Intent::Everything, 0), Rotator::new(Intent::Everything, 0)];
    let mut begun = Vec::new();
    for _ in 0..400 {
        for rotator in &mut rotators {
            let before = world.authorities.as_ref().unwrap().revision;
            let action = rotator.step(&mut world);
            if matches!(action, Some(Action::Begin(_)))
                && world.authorities.as_ref().unwrap().revision != before
            {
                begun.push(action);
            }
        }
        world.time += 2;
        (0..2).for_each(|at| world.fetch(at));
        (0..2).for_each(|at| world.adopt(at));
    }
    assert_eq!(begun.len(), 1);
    assert!(world.is_steady());
}

#[test]
fn a_changed_bundle_is_healed_at_once() {
    let mut world = World::steady(2);
    let right = world.published.content.clone();
    world.publish([print(1_000_000)].into());
    let actions = run(&mut world, Intent::Heal);
    assert!(matches!(&actions[0], Action::Distribute { trust } if trust.is_superset(&right)), "{actions:?}");
    assert_eq!(world.published.content, right);
}

#[test]
fn where_nothing_works_no_answers_are_waited_for() {
    let mut world = World::steady(2);
    world.authorities = None;
    world.serving = None;
    world.publish(BTreeSet::new());
    world.pods.iter_mut().for_each(|pod| pod.serves.as_mut().unwrap().issuer = None);
    let actions = run(&mut world, Intent::Heal);
    assert_eq!(actions[0], Action::Begin(Why::Missing));
    assert!(actions.contains(&Action::Switch(Why::Missing)), "{actions:?}");
    assert!(world.is_steady());
}

#[test]
fn a_retirement_does_not_take_a_new_authority_for_an_old_one() {
    let mut world = World::steady(1);
    world.publish([print(1_000_000)].into_iter().chain(world.published.content.clone()).collect());
    let mut rotator = Rotator::new(Intent::Heal, 0);
    let (retiring, world) = loop {
        let before = (rotator.clone(), world.clone());
        if matches!(rotator.round(&mut world), Action::Retire { .. }) {
            break before;
        }
        world.time += 5;
    };
    for reads in 0..5 {
        let (mut retiring, mut world) = (retiring.clone(), world.clone());
        (0..reads).for_each(|_| drop(retiring.step(&mut world)));
        let mut rotating = Rotator::new(Intent::Everything, 0);
        until(&mut rotating, &mut world, |action| matches!(action, Action::Distribute { .. }));
        retiring.round(&mut world);
        let issuing = world.authorities.as_ref().unwrap().content.issuing.fingerprint;
        assert!(world.published.content.contains(&issuing), "after {reads} reads");
    }
}

#[test]
fn one_bad_replica_among_good_ones_does_not_hold_the_repair_up_for_ever() {
    let mut world = World::steady(2);
    world.pods[0].serves.as_mut().unwrap().issuer = None;
    world.pods[0].fetched = world.pods[0].serves.clone();
    let actions = run(&mut world, Intent::Everything);
    assert!(actions.contains(&Action::AwaitTrust));
    assert!(world.is_steady());
}

#[test]
fn evidence_is_lost_with_the_process_and_with_a_failed_request() {
    let observed = Observed {
        serving: Serving::default(),
        authorities: World::steady(0).authorities.map_or_else(Authorities::default, |object| Authorities {
            issuing: Some(object.content.issuing),
            ..Authorities::default()
        }),
        published: World::steady(0).published.content,
        ..Observed::default()
    };
    let mut witness = Witness::default();
    let seconds = |at: Range<u64>| Duration::from_secs(at.start)..Duration::from_secs(at.end);
    let mut look =
        |at, answered, failed| witness.look(seconds(at), &observed, Requests { answered, failed }).trust;
    assert_eq!(look(98..100, 7, 0), Held::default());
    assert_eq!(look(104..106, 3, 0), Held { time: Duration::from_secs(4), answered: 3 });
    assert_eq!(look(105..107, 9, 1), Held { time: Duration::from_secs(5), answered: 0 });
    let anew = Witness::default().look(seconds(200..201), &observed, Requests::default());
    assert_eq!(anew.trust, Held::default());
}

/// What can happen.
#[derive(Clone, Debug)]
enum Event {
    Step(usize),
    Crash(usize),
    Ask(usize, Intent),
    Time(u64),
    Start,
    Stop(usize),
    Fetch(usize),
    Adopt(usize),
    Unreachable(usize),
    LoseServing,
    LoseAuthorities,
}

fn intent() -> impl Strategy<Value = Intent> {
    use Intent::*;
    prop_oneof![Just(Heal), Just(Serving), Just(Everything), Just(Abort)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        60 => (0..2_usize).prop_map(Event::Step),
        2 => (0..2_usize).prop_map(Event::Crash),
        3 => (0..2_usize, intent()).prop_map(|(who, intent)| Event::Ask(who, intent)),
        10 => (0..30_u64).prop_map(Event::Time),
        1 => (0..40 * 24 * 3600_u64).prop_map(Event::Time),
        1 => Just(Event::Start),
        1 => (0..4_usize).prop_map(Event::Stop),
        8 => (0..4_usize).prop_map(Event::Fetch),
        8 => (0..4_usize).prop_map(Event::Adopt),
        1 => (0..4_usize).prop_map(Event::Unreachable),
        1 => Just(Event::LoseServing),
        1 => Just(Event::LoseAuthorities),
    ]
}

/// One rotator works on while the other one, and what it was about to do, stands still.
fn work(who: usize, rounds: usize) -> Vec<Event> {
    let reload = (0..4).flat_map(|at| [Event::Fetch(at), Event::Adopt(at)]);
    let round = vec![Event::Step(who); 5].into_iter().chain(reload).chain([Event::Time(5)]);
    let round: Vec<_> = round.collect();
    round.iter().cycle().take(rounds * round.len()).cloned().collect()
}

fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let some = prop_oneof![
        40 => event().prop_map(|event| vec![event]),
        1 => (0..2_usize, 1..30_usize).prop_map(|(who, rounds)| work(who, rounds)),
    ];
    vec(some, 0..most).prop_map(|some| some.concat())
}

fn happen(event: &Event, world: &mut World, rotators: &mut [Rotator; 2]) {
    match *event {
        Event::Step(who) => drop(rotators[who].step(world)),
        Event::Crash(who) => rotators[who] = Rotator::new(Intent::Heal, rotators[who].skew),
        Event::Ask(who, intent) => rotators[who] = Rotator::new(intent, rotators[who].skew),
        Event::Time(seconds) => world.time += seconds,
        Event::Start => world.start_pod(),
        Event::Stop(at) if at < world.pods.len() => drop(world.pods.remove(at)),
        Event::Fetch(at) => world.fetch(at),
        Event::Adopt(at) => world.adopt(at),
        Event::Unreachable(at) if at < world.pods.len() => world.pods[at].unreachable ^= true,
        Event::Stop(_) | Event::Unreachable(_) => {}
        Event::LoseServing => world.serving = None,
        Event::LoseAuthorities => world.authorities = None,
    }
}

/// Any state at all, most of them broken: each part is missing, of one authority, or of another.
fn any_world() -> impl Strategy<Value = World> {
    (vec(0..5_u64, 6), vec((0..4_usize, any::<bool>()), 0..4), any::<bool>(), any::<bool>()).prop_map(
        |(choices, pods, usable, complete)| {
            let mut world = World::empty();
            let start = world.now();
            let issuers: Vec<_> = (0..4).map(|_| world.new_authority(start)).collect();
            let leaves: Vec<_> = issuers.iter().map(|issuer| world.new_leaf(issuer, start)).collect();
            let pick = |choice: u64| issuers.get(choice as usize).cloned();
            if let Some(issuing) = pick(choices[0]) {
                let content =
                    AuthoritySecret { issuing: Issuer { usable, ..issuing }, previous: pick(choices[1]) };
                world.authorities = Some(Object { revision: world.fresh(), content });
            }
            if let Some(leaf) = leaves.get(choices[2] as usize).cloned() {
                let content = ServingSecret { leaf: Some(leaf), complete, sealed_for: Some("1".into()) };
                world.serving = Some(Object { revision: world.fresh(), content });
            }
            world.publish(
                choices[3..].iter().filter_map(|choice| pick(*choice)).map(|ca| ca.fingerprint).collect(),
            );
            world.time += 1000;
            for (at, (leaf, known)) in pods.into_iter().enumerate() {
                world.start_pod();
                world.pods[at].serves = leaves.get(leaf).cloned();
                if let (false, Some(served)) = (known, &mut world.pods[at].serves) {
                    served.issuer = None;
                }
                world.pods[at].fetched = world.pods[at].serves.clone();
            }
            world
        },
    )
}

fn skew() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0), 1 => -100 * 24 * 3600..100 * 24 * 3600_i64]
}

/// Checks every moment from the first consistent one on, and that a rotator that is left alone ends in peace.
fn check(mut world: World, events: &[Event], skews: [i64; 2]) -> Result<(), TestCaseError> {
    let mut rotators = skews.map(|skew| Rotator::new(Intent::Heal, skew));
    let mut consistent = world.is_consistent();
    for (at, event) in events.iter().enumerate() {
        happen(event, &mut world, &mut rotators);
        consistent |= world.is_consistent();
        prop_assert!(!consistent || world.serves_well(), "after event {at}, {event:?}: {world:#?}");
    }
    world.pods.iter_mut().for_each(|pod| pod.unreachable = false);
    run(&mut world, Intent::Heal);
    prop_assert!(world.is_steady(), "{world:#?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn from_peace_nobody_is_ever_served_what_is_not_trusted(
        replicas in 0..4_usize, events in events(500), skews in [skew(), skew()],
    ) {
        check(World::steady(replicas), &events, skews)?;
    }

    #[test]
    fn from_any_state_it_ends_in_peace_and_never_gets_worse(
        world in any_world(), events in events(300), skews in [skew(), skew()],
    ) {
        check(world, &events, skews)?;
    }
}
