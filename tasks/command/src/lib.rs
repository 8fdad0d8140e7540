//! Kinds that an operator declares as `[commands.<name>]`: programs of this machine.
//!
//! * [`Commands`], `config`: reads `[commands.<name>]`; [`Definition`]: a declared command.
//! * `params`, `offer`, `value`, `element`, `argv`, `schema`: its parameters, from their declaration to
//!   arguments.
//! * [`launch`]: the process and its supervisor; `run`: one run from its start to its
//!   result.
//! * [`CommandTasks`]: the kinds for the engine, including reloads of the configuration.

mod argv;
#[cfg(target_os = "linux")]
mod collect;
mod config;
mod decode;
mod definition;
mod element;
mod folder;
#[cfg(target_os = "linux")]
pub mod launch;
#[cfg(target_os = "linux")]
mod mask;
mod offer;
mod output_excerpt;
mod params;
pub mod progress;
mod report;
#[cfg(target_os = "linux")]
mod run;
mod schema;
mod seal;
mod settings;
mod stdin;
mod title;
mod value;
mod values;

use std::{collections::HashMap, fmt::Write as _, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;

use async_trait::async_trait;
use milepost::{
    engine::{
        Context, DynamicKind, DynamicTask, KindOptions, Output, Prepared, Stages, Suggestion,
        TaskError, ValidationError, store::StoredInput,
    },
    task::KindInfo,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use argv::Template;
pub use config::{Commands, CommandsError, read_rules};
pub use decode::{Decoder, Encoding};
pub use definition::{Definition, Limits};
pub use element::TemplateError;
pub use folder::clean;
pub use offer::Offer;
pub use params::{Param, ParamType, Pattern, Text};
pub use report::{MEDIA_TYPE as REPORT_MEDIA_TYPE, Report, write_html};
pub use seal::{KEY_FILE, SealError, SecretKey};
pub use settings::{IsolationMode, IsolationSettings};
pub use stdin::Stdin;
pub use value::ParamValue;

/// Time that the engine waits beyond a command's own grace before it drops the run: the supervisor needs
/// a moment to kill, and the run to report its end.
const LAST_WORDS: Duration = Duration::from_secs(20);
/// Maximum number of earlier definitions remembered for queued tasks.
const MAX_EARLIER: usize = 500;

/// Dependencies of all commands.
#[derive(Debug)]
pub struct CommandDeps {
    /// Folder with a subfolder for each run.
    pub runs: PathBuf,
    /// This program, which also serves as the supervisor of its commands.
    pub program: PathBuf,
    /// Umask of commands. `None`: that of this process.
    pub umask: Option<u32>,
    /// Key that seals the secrets of stored tasks.
    pub key: SecretKey,
    /// Isolation of the processes of a run.
    #[cfg(target_os = "linux")]
    pub isolation: launch::Isolation,
}

/// The current and earlier commands of this process.
pub struct CommandTasks {
    deps: Arc<CommandDeps>,
    earlier: Arc<Earlier>,
}

/// Definitions with which queued tasks may have been started, by fingerprint.
#[derive(Default)]
struct Earlier(Mutex<HashMap<String, Arc<Definition>>>);

impl Earlier {
    fn add(&self, definition: &Arc<Definition>) {
        let mut earlier = self.0.lock();
        if earlier.len() < MAX_EARLIER {
            earlier.insert(definition.key(), Arc::clone(definition));
        }
    }

    fn get(&self, name: &str, fingerprint: &str) -> Option<Arc<Definition>> {
        let earlier = self.0.lock();
        earlier.get(&key(name, fingerprint)).cloned()
    }
}

fn key(name: &str, fingerprint: &str) -> String {
    format!("{name} {fingerprint}")
}

impl CommandTasks {
    /// Creates an empty set of commands.
    pub fn new(deps: CommandDeps) -> Self {
        Self { deps: Arc::new(deps), earlier: Arc::default() }
    }

    /// Creates the kinds for these definitions. Queued tasks that were started with earlier
    /// definitions still run with those.
    pub fn kinds(&self, definitions: &[Arc<Definition>]) -> Vec<DynamicKind> {
        definitions.iter().map(|definition| self.kind(definition)).collect()
    }

    fn kind(&self, definition: &Arc<Definition>) -> DynamicKind {
        self.earlier.add(definition);
        let limits = &definition.limits;
        let mut info = KindInfo::new(
            definition.name.clone(),
            title::of_kind(definition),
            definition.description_for_people(),
            schema::schema(definition),
        );
        info.makes_files = !definition.results.is_empty();
        let options = KindOptions::default().with(|o| {
            o.timeout = limits.timeout;
            o.concurrency = limits.concurrency;
            o.global_concurrency = limits.global_concurrency;
            o.at_most = limits.at_most;
            o.at_most_per_owner = limits.at_most_per_owner;
            o.max_attempts = limits.max_attempts;
            o.resume = limits.max_attempts > 1;
            o.cancel_grace = limits.grace + LAST_WORDS;
            o.keep = limits.keep;
            o.allow.clone_from(&definition.allow);
        });
        let task = CommandTask {
            definition: Arc::clone(definition),
            deps: Arc::clone(&self.deps),
            earlier: Arc::clone(&self.earlier),
        };
        DynamicKind::new(info, options, Arc::new(task))
    }
}

/// The stored input of a task: its parameters, and the definition that they belong to.
#[derive(Serialize, Deserialize)]
struct Stored {
    definition: String,
    /// Parameters without secrets.
    params: Value,
    /// Names of the secrets given, which are stored separately and sealed; see [`seal`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<String>,
}

/// Kind of one command.
struct CommandTask {
    definition: Arc<Definition>,
    deps: Arc<CommandDeps>,
    earlier: Arc<Earlier>,
}

impl CommandTask {
    /// The definition that a task was started with.
    fn definition_of(&self, stored: &Stored) -> Option<Arc<Definition>> {
        if self.definition.fingerprint == stored.definition {
            return Some(Arc::clone(&self.definition));
        }
        self.earlier.get(&self.definition.name, &stored.definition)
    }

    /// Checks the values whose choices a program prints against what it prints now.
    async fn check_offered(&self, values: &[ParamValue]) -> Result<(), ValidationError> {
        let env = self.definition.environment("/".to_owned());
        for (param, offer, value) in self.definition.offered(values) {
            let checked = offer.check(value, &env).await;
            checked.map_err(|detail| ValidationError::field(&param.name, detail))?;
        }
        Ok(())
    }

    /// The parameters, including the secrets if they are still stored.
    fn open(&self, mut params: Value, sealed: Option<&str>) -> Result<Value, SealError> {
        if let Some(sealed) = sealed {
            self.deps.key.put_back(&mut params, sealed, &self.definition.name)?;
        }
        Ok(params)
    }
}

#[async_trait]
impl DynamicTask for CommandTask {
    async fn prepare(&self, mut input: Value) -> Result<Prepared, ValidationError> {
        let definition = &self.definition;
        values::normalize(definition, &mut input);
        let values = values::read(definition, &input)?;
        self.check_offered(&values).await?;
        let secret = definition.params.iter().filter(|param| param.secret);
        let given = secret.filter(|param| input.get(&param.name).is_some_and(|it| !it.is_null()));
        let secrets: Vec<_> = given.map(|param| param.name.clone()).collect();
        let names = secrets.iter().map(String::as_str);
        let sealed = self.deps.key.take_secrets(&mut input, names, &definition.name);
        let sealed = sealed.map_err(|error| ValidationError::new(error.to_string()))?;
        let stored = Stored { definition: definition.fingerprint.clone(), params: input, secrets };
        let stored = serde_json::to_string(&stored)
            .map_err(|error| ValidationError::new(format!("the input is no JSON: {error}")))?;
        let named = definition.params.iter().zip(&values);
        let uploads = named.filter_map(|(param, value)| match value {
            ParamValue::Upload(id) => Some((param.name.clone(), *id)),
            _ => None,
        });
        let uploads = uploads.collect();
        let title = title::of_task(definition, &values);
        let stages = definition.stages();
        let mut prepared = Prepared::new(stored, title.plain, stages);
        prepared.upload_title = title.with_upload;
        prepared.uploads = uploads;
        prepared.sealed = sealed;
        Ok(prepared)
    }

    async fn suggestions(&self) -> Vec<Suggestion> {
        let env = self.definition.environment("/".to_owned());
        let mut suggestions = Vec::new();
        for param in &self.definition.params {
            let ParamType::Offered(offer) = &param.param_type else { continue };
            match offer.choices(&env).await {
                Ok(choices) => {
                    let of_param = choices.iter().map(|it| Suggestion::new(&*param.name, it, ""));
                    suggestions.extend(of_param);
                }
                Err(reason) => {
                    let (command, param) = (&self.definition.name, &param.name);
                    tracing::warn!(command, param, %reason, "choices cannot be read");
                }
            }
        }
        suggestions
    }

    fn asked_for(&self, stored: &StoredInput) -> Result<Value, serde_json::Error> {
        let Stored { params, .. } = serde_json::from_str(&stored.text)?;
        Ok(self.open(params.clone(), stored.sealed.as_deref()).unwrap_or(params))
    }

    fn comparable(&self, mut input: Value) -> Value {
        values::normalize(&self.definition, &mut input);
        for param in self.definition.params.iter().filter(|param| param.secret) {
            if let Some(value) = input.get_mut(&param.name) {
                *value = self.deps.key.comparable(&value.to_string()).into();
            }
        }
        input
    }

    fn missing_secrets(&self, stored: &StoredInput) -> Vec<String> {
        let Ok(Stored { params, secrets, .. }) = serde_json::from_str(&stored.text) else {
            return Vec::new();
        };
        let open = self.open(params, stored.sealed.as_deref()).unwrap_or_default();
        secrets.into_iter().filter(|name| open.get(name).is_none()).collect()
    }

    async fn run(&self, input: &StoredInput, ctx: Context) -> Result<Output, TaskError> {
        let stored: Stored = serde_json::from_str(&input.text).map_err(|error| {
            tracing::error!(%error, "the stored input of a command is unreadable");
            TaskError::fail("input", "the stored input is unreadable")
        })?;
        let definition = self.definition_of(&stored).ok_or_else(|| {
            let reason = "This command was changed by the operator after it was started. Start it \
                          again.";
            TaskError::fail("definition_changed", reason)
        })?;
        // Validate again: the task may have been queued by another version or machine.
        let params = self.open(stored.params, input.sealed.as_deref());
        let params = params.map_err(|e| TaskError::fail("secret_key", e.to_string()))?;
        let values = values::read(&definition, &params)
            .map_err(|refusal| TaskError::fail("input", refusal.detail))?;
        run_it(definition, values, ctx, &self.deps).await
    }
}

#[cfg(target_os = "linux")]
async fn run_it(
    definition: Arc<Definition>,
    values: Vec<ParamValue>,
    ctx: Context,
    deps: &CommandDeps,
) -> Result<Output, TaskError> {
    run::Run::new(definition, values, ctx).complete(deps).await
}

/// Commands run on Linux only, because only there all their processes can be killed reliably.
#[cfg(not(target_os = "linux"))]
async fn run_it(
    _: Arc<Definition>,
    _: Vec<ParamValue>,
    _: Context,
    _: &CommandDeps,
) -> Result<Output, TaskError> {
    Err(TaskError::fail("platform", "Commands run on Linux only."))
}

/// `1 process`, `2 processes`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

impl Definition {
    fn key(&self) -> String {
        key(&self.name, &self.fingerprint)
    }

    /// What the command does, its time limit, and whether it is retried after a crash.
    fn description_for_people(&self) -> String {
        let s = self.limits.timeout.as_secs();
        let limit = match s {
            0..180 => format!("{s} s"),
            180..7_200 => format!("{} min", s / 60),
            _ => format!("{} h", s / 3_600),
        };
        let mut text = self.description.clone();
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "Stopped after {limit}.");
        if self.limits.max_attempts == 1 {
            text.push_str(" Not retried if the server stops.");
        }
        text
    }

    fn stages(&self) -> Stages {
        Stages::new(self.all_stages())
    }

    /// The declared stages, or else those of the progress rules.
    fn all_stages(&self) -> Vec<(String, f64)> {
        if self.stages.is_empty() { self.progress.stages() } else { self.stages.clone() }
    }
}
