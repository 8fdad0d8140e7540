//! Checkpoints that outlive a task for its rerun.

use crate::engine::store::{Ending, NewTask};

use super::super::fixture::{Fixture, result, task};

pub async fn a_rerun_takes_along_what_is_marked_for_it(f: &Fixture) {
    let keys = async |id| {
        let mut found = Vec::new();
        for key in ["rerun:chapter", "rerun", "other"] {
            if f.store.checkpoint(id, key).await.unwrap().is_some() {
                found.push(key);
            }
        }
        found
    };
    let failed = Ending::Failed { code: "x".into(), message: "y".to_owned(), retryable: true };
    for (ending, retained) in [
        (failed, &["rerun:chapter"][..]),
        (Ending::Cancelled, &["rerun:chapter"]),
        (Ending::Completed(result()), &[]),
    ] {
        let row = f.running("w").await;
        for key in ["rerun:chapter", "rerun", "other"] {
            assert!(f.store.save_checkpoint(row.id, row.run_seq, key, "1").await.unwrap());
        }
        f.store.finish(row.id, row.run_seq, &ending).await.unwrap().expect("held");
        assert_eq!(keys(row.id).await, retained, "{ending:?}");
        let continues = f.store.has_rerun_checkpoints(row.id).await.unwrap();
        assert_eq!(continues, !retained.is_empty(), "{ending:?}");
        let rerun = NewTask { rerun_of: Some(row.id), ..task() };
        f.queue(&rerun).await;
        assert_eq!(keys(rerun.id).await, retained, "{ending:?}");
        f.store.request_cancel(rerun.id, "ada", None).await.unwrap();
    }
}
