//! `milepost serve` and `milepost worker`: start-up, operation and orderly shutdown.

mod artifacts;
mod base_path;
mod commands;
mod connections;
mod database;
mod disk;
#[cfg(feature = "embedded-site")]
mod embedded_site;
mod error;
mod files_limit;
mod front;
mod io;
mod modes;
mod precompressed;
mod reach;
mod site;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use milepost::{
    engine::{Engine, MaxPlaces, Registry, Task as _},
    http::{self, AuthMode, HttpOptions, SessionKey},
};
use milepost_cli::signals::Signals;
use milepost_dataset::Dataset;
use milepost_story::{InvalidEndpoint, Story, StoryDeps};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    config::{Configuration, HttpSettings, Settings},
    process,
    telemetry::Telemetry,
};

use self::{
    commands::CommandKinds,
    connections::{Bounds, ConnectionOptions},
    io::Discard,
};

pub(crate) use artifacts::open as artifacts;
pub(crate) use database::database;
pub use {
    database::{inspect, migrate, open_beside},
    error::ServeError,
};

/// What to do where users sign in with a password, and there is none.
pub(crate) const NO_USER: &str =
    "auth.mode is password, and there is no user: add one with `milepost user add NAME`";

/// Time limit for pending responses at shutdown, after all tasks have ended or were released.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Bytes of a start around its input, at most: names of the fields, kind and priority.
const BODY_AROUND_INPUT: usize = 256;

/// Maximum number of connections to `http.metrics_addr`.
const MAX_MONITORS: usize = 64;

/// Runs the server until a signal stops it.
///
/// # Errors
/// If it cannot start, for example because the port is taken, a folder is not writable, or the
/// database cannot be opened.
pub async fn serve(mut configuration: Configuration) -> Result<(), ServeError> {
    let exposed = std::mem::take(&mut configuration.exposed);
    let Settings { auth, http, .. } = &configuration.settings;
    if let Some(refusal) = auth.refusal(http.addr) {
        return Err(ServeError::Auth(refusal));
    }
    let (settings, commands, signals) = begin(configuration)?;
    let listener = listen(settings.http.addr).await?;
    let monitors = match settings.http.metrics_addr {
        Some(metrics) if is_same_port(settings.http.addr, metrics) => {
            return Err(ServeError::SamePort { addr: settings.http.addr, metrics });
        }
        Some(addr) => Some(listen(addr).await?),
        None => None,
    };
    let addr =
        listener.local_addr().map_err(|error| ServeError::listen(settings.http.addr, error))?;
    let telemetry = Telemetry::start(&settings.telemetry)?;
    let (engine, session_key) = start_engine(&settings, &commands, &telemetry).await?;
    commands.reload_on_hangup(engine.clone()).map_err(ServeError::Signals)?;
    let site_dir = site_dir(&settings)?;
    let options = settings.http.options().with(|o| {
        o.session_key = session_key;
        o.local_only = addr.ip().is_loopback();
        o.auth = settings.auth.options();
    });
    let viewers = settings.viewers.limits();
    let router = site::router(engine.service(), &settings.http, &options, viewers, site_dir);

    let router = telemetry.around(router);
    let router = base_path::below(&settings.http.base_path, router, &options);
    // Builds the routes once instead of per connection.
    let router = router.with_state(());
    let (stop, stopped) = watch::channel(false);
    let limits = connection_options(&settings.http, &options);
    let monitors = monitors.map(|listener| {
        let max_open = MaxPlaces::new(MAX_MONITORS, MAX_MONITORS);
        let limits = ConnectionOptions { max_open, ..limits.clone() };
        let router = http::monitoring(engine.service(), &options);
        tokio::spawn(connections::serve(listener, router, limits, stopped.clone()))
    });
    let server = tokio::spawn(connections::serve(listener, router, limits, stopped));
    let kinds = engine.service().kinds();
    let line = reach::line(addr, &settings, &kinds, commands.number());
    tracing::info!("{line}; stories are written by {}", settings.narrator.writer());
    milepost_cli::print(&format!("{}\n", url(addr))).map_err(ServeError::Announce)?;
    tracing::info!(%addr, "ready");
    exposed.iter().for_each(|remark| tracing::warn!("{remark}"));

    told_to_stop(signals).await;
    // Keeps serving pages while tasks finish.
    engine.drain().await;
    let _ = stop.send(true);
    if tokio::time::timeout(LAST_ANSWERS, server).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    // Connections of monitors need no orderly shutdown.
    drop(monitors);
    // Closed last, so that pending requests are answered from the store.
    engine.close().await;
    telemetry.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// The folder of the built site: the one named in the settings, or that of the program itself.
fn site_dir(settings: &Settings) -> Result<PathBuf, ServeError> {
    let folder = match &settings.http.site_dir {
        Some(folder) => folder.clone(),
        None => own_site(&settings.storage.data_dir)?,
    };
    if !folder.is_dir() {
        tracing::warn!(
            "no built pages in {}: they come without style and scripts; see --site",
            folder.display()
        );
    }
    Ok(folder)
}

#[cfg(feature = "embedded-site")]
fn own_site(data_dir: &Path) -> Result<PathBuf, ServeError> {
    embedded_site::unpack(data_dir)
        .map_err(|error| ServeError::Folder { path: data_dir.join("site"), error })
}

#[cfg(not(feature = "embedded-site"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the site inside the program")]
fn own_site(_data_dir: &Path) -> Result<PathBuf, ServeError> {
    Ok(PathBuf::from("target/site"))
}

/// Runs queued tasks until a signal stops it.
///
/// # Errors
/// If it cannot start: the database is not shared (PostgreSQL), or cannot be opened.
pub async fn work(mut configuration: Configuration) -> Result<(), ServeError> {
    if !configuration.settings.storage.is_shared() {
        return Err(ServeError::Alone);
    }
    let exposed = std::mem::take(&mut configuration.exposed);
    let (mut settings, commands, signals) = begin(configuration)?;
    settings.engine.worker = true;
    let telemetry = Telemetry::start(&settings.telemetry)?;
    let (engine, _) = start_engine(&settings, &commands, &telemetry).await?;
    commands.reload_on_hangup(engine.clone()).map_err(ServeError::Signals)?;
    milepost_cli::print("ready\n").map_err(ServeError::Announce)?;
    tracing::info!(concurrency = settings.engine.concurrency, "ready");
    exposed.iter().for_each(|remark| tracing::warn!("{remark}"));
    told_to_stop(signals).await;
    engine.shutdown().await;
    telemetry.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Describes in one line how this machine isolates the processes of commands.
pub fn isolation(settings: &Settings) -> String {
    commands::describe(settings)
}

fn begin(configuration: Configuration) -> Result<(Settings, CommandKinds, Signals), ServeError> {
    let Configuration { settings, commands, file, remarks, .. } = configuration;
    log_to_stderr(&settings.log.filter);
    // A configuration that cannot work leaves nothing behind.
    if !settings.storage.is_shared() {
        database(&settings)?;
    }
    for remark in remarks.into_iter().chain(settings.long_poll.remark()) {
        tracing::warn!("{remark}");
    }
    let data = &settings.storage.data_dir;
    std::fs::create_dir_all(data)
        .map_err(|error| ServeError::Folder { path: data.clone(), error })?;
    let commands = CommandKinds::new(&settings, commands, file)?;
    // Signals are caught from here on, however early they arrive.
    Ok((settings, commands, Signals::new().map_err(ServeError::Signals)?))
}

/// Returns on the first signal; a second one exits the process immediately.
async fn told_to_stop(mut signals: Signals) {
    signals.next().await;
    tracing::info!("stopping; a second signal stops at once");
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(130);
    });
}

fn log_to_stderr(filter: &str) {
    use std::io::IsTerminal as _;
    // The filter was validated with the configuration; an invalid one would log errors only.
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_default();
    // Only the first subscriber of a process takes effect.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Failing to write the log, for example on a full disk, must not panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}

/// Limits and timeouts of connections.
fn connection_options(settings: &HttpSettings, options: &HttpOptions) -> ConnectionOptions {
    let limits = &settings.connections;
    let files = files_limit::raise(limits.max_open);
    let in_all = limits.max_open(files);
    let per_client = limits.max_open_per_client(in_all);
    let files = files.map_or_else(|| "not limited".to_owned(), |files| files.to_string());
    tracing::info!(
        "at most {in_all} connections, {per_client} from one address; open files: {files}"
    );
    ConnectionOptions {
        max_open: MaxPlaces::new(in_all, per_client),
        bounds: Bounds {
            idle_timeout: Duration::from_secs(limits.idle_timeout_s),
            write_timeout: Duration::from_secs(limits.write_idle_timeout_s),
            min_bytes_per_s: limits.min_body_bytes_per_s,
            discard: Discard {
                max_bytes: limits.max_discard_bytes,
                max_duration: Duration::from_secs(limits.max_discard_s),
                min_bytes_per_s: limits.min_body_bytes_per_s,
            },
        },
        trusted_proxies: options.trusted_proxies.clone(),
    }
}

/// Whether nothing can listen on both addresses.
fn is_same_port(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (is_any || one.ip() == other.ip())
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(addr).await.map_err(|error| ServeError::listen(addr, error))
}

/// URL of the server; an unspecified address is replaced by the loopback address.
fn url(mut addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{addr}")
}

async fn start_engine(
    settings: &Settings,
    commands: &CommandKinds,
    telemetry: &Telemetry,
) -> Result<(Engine, SessionKey), ServeError> {
    // Before SQLite opens its files: closing any other handle of them in this process would drop
    // its locks.
    modes::tighten(settings);
    let (store, clock) = database::open(settings).await?;
    let key = SessionKey::new(store.secret("session").await?);
    if settings.auth.mode == AuthMode::Password && store.users(1).await?.is_empty() {
        tracing::warn!("{NO_USER}");
    }
    let registry = commands.add_to(registry(settings)?);
    if settings.engine.worker {
        commands.clean().await;
    }
    let artifacts = Some(artifacts::open(&settings.storage).await?);
    let file = if settings.storage.is_shared() { None } else { Some(database(settings)?) };
    let storage = disk::storage(&settings.storage, file);
    let options = settings.engine.clone().with(|o| {
        // The body around an input takes some bytes, too.
        let max_input_bytes = settings.http.max_body_bytes.saturating_sub(BODY_AROUND_INPUT);
        o.max_input_bytes = o.max_input_bytes.min(max_input_bytes);
        o.artifacts = artifacts;
        o.storage = storage;
        o.rates = settings.http.rate.options();
        o.files = settings.files.clone();
        o.long_poll = settings.long_poll.clone();
        o.retention = settings.retention.clone();
        o.run_tracer = telemetry.run_tracer();
    });
    let engine = Engine::start(store, clock, registry, options);
    Ok((engine.await?, key))
}

/// Registers the built-in kinds. To add a kind, see `docs/how-to-add.md`.
fn registry(settings: &Settings) -> Result<Registry, InvalidEndpoint> {
    let kinds = &settings.kinds;
    let output = settings.storage.output_dir.clone();
    let story = StoryDeps::new(output, &settings.story, &settings.narrator)?
        .with_umask(process::umask_at_start());
    Ok(Registry::new()
        .with::<Story>(story, kinds.options(Story::KIND))
        .with::<Dataset>(settings.dataset.clone(), kinds.options(Dataset::KIND)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_that_can_be_opened() {
        let cases = [
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("0.0.0.0:3000", "http://127.0.0.1:3000"),
            ("[::]:3000", "http://[::1]:3000"),
        ];
        for (addr, expected) in cases {
            assert_eq!(url(addr.parse().unwrap()), expected);
        }
    }
}
