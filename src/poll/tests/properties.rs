//! What holds for any order of events.

mod strategies;
mod world;

use proptest::prelude::*;

use self::{
    strategies::{LAST, Step, any_config, any_step},
    world::World,
};
use super::harness::{answer, id, running};
use crate::{
    poll::{Config, Event, Phase},
    task::{Snapshot, Status},
};

proptest! {
    /// 67.
    #[test]
    fn whatever_happens_the_loop_is_one_paced_loop_that_never_sticks_and_no_bar_goes_back(
        config in any_config(),
        steps in proptest::collection::vec(any_step(), 1..80),
    ) {
        let mut world = World::new(config);
        world.give(Event::Watch { id: id(1), snapshot: None });
        for step in steps {
            world.step(step);
        }
    }

    #[test]
    fn a_task_that_ends_is_seen_to_end_whatever_happened_before(
        config in any_config(),
        steps in proptest::collection::vec(any_step(), 0..40),
    ) {
        let mut world = World::new(Config { deadline_ms: None, ..config });
        for step in steps {
            world.step(step);
        }
        for event in [
            Event::Watch { id: id(LAST), snapshot: None },
            Event::Online(true),
            Event::Visible(true),
            Event::Resume,
            Event::ResumeWatching,
            Event::TryAgain,
        ] {
            world.give(event);
        }
        let end = Snapshot { status: Status::Completed, ..running(id(LAST), 1) };
        for _ in 0..40 {
            world.step(Step::Wait(1_000));
            world.step(Step::Answer(answer(vec![end.clone()])));
        }
        let view = world.machine.view(id(LAST), world.now).expect("a watched task");
        prop_assert_eq!((view.phase, view.bar), (Phase::Ended, Some(100.0)));
    }
}
