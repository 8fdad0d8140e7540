//! Spawned future that is dropped together with its handle.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Poll, Waker},
};

use leptos::task::spawn_local;

/// Handle of a running future; dropping it drops the future.
pub(super) struct Running(Rc<RefCell<Slot>>);

#[derive(Default)]
struct Slot {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Option<Waker>,
}

impl Running {
    /// Spawns a future.
    pub(super) fn start(future: impl Future<Output = ()> + 'static) -> Self {
        let slot = Rc::new(RefCell::new(Slot { future: Some(Box::pin(future)), waker: None }));
        let running = Self(Rc::clone(&slot));
        spawn_local(poll_fn(move |context| {
            // Taken out of the slot while polled, because it may drop its own handle.
            let Some(mut future) = slot.borrow_mut().future.take() else { return Poll::Ready(()) };
            let ready = future.as_mut().poll(context).is_ready();
            // No other reference is left: the handle was dropped during the poll.
            if ready || Rc::strong_count(&slot) == 1 {
                return Poll::Ready(());
            }
            let mut slot = slot.borrow_mut();
            slot.waker = Some(context.waker().clone());
            slot.future = Some(future);
            Poll::Pending
        }));
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Slot { future, waker } = self.0.take();
        drop(future);
        // Wakes the polling task, which finds an empty slot and ends.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
