//! The invariant on which every informer stands, all the way over HTTP: what a client puts together from what it
//! begins with and the events that follow it is what a list of the same version shows; through selectors,
//! connections that end, versions long past, windows that are too short and servers that start again.

mod informer;
mod steps;
mod world;

use proptest::prelude::*;

use self::steps::steps;
use self::world::World;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn what_a_client_replays_is_what_a_list_of_the_same_version_shows(
        steps in steps(),
        remembered in prop_oneof![1..12_usize, Just(1000)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let mut world = World::new(remembered).await;
            for step in steps {
                world.take(step).await;
            }
            world.check_all().await;
        });
    }
}
