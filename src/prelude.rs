//! What a program that defines and runs tasks usually imports: `use milepost::prelude::*;`.

pub use crate::{
    engine::{
        Caller, Check, Context, Engine, EngineOptions, KindOptions, Output, Stages, Task,
        TaskError, ValidationError,
    },
    task::{Snapshot, StartTask, Status, TaskId},
};
