//! Ready-made patterns for programs, each tested against the program's real output.

use super::pattern::{Pattern, Streams};

/// Description of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresetInfo {
    /// Name in a configuration.
    pub name: &'static str,
    /// How to invoke the program.
    pub call: &'static str,
    /// Additional settings that it needs, if any.
    pub needs: &'static str,
}

/// All presets, by name.
pub const fn presets() -> &'static [PresetInfo] {
    PRESETS
}

const PRESETS: &[PresetInfo] = {
    const fn preset(name: &'static str, call: &'static str, needs: &'static str) -> PresetInfo {
        PresetInfo { name, call, needs }
    }
    &[
        preset("apt", "apt-get -o APT::Status-Fd=1 …", ""),
        preset("curl", "curl …, curl -# …", "a length from the server; else only what has come"),
        preset("dd", "dd status=progress …", "total: bytes; else only what is copied"),
        preset(
            "ffmpeg",
            "ffmpeg -progress pipe:1 …",
            "an input of known length; else only the time",
        ),
        preset("git", "git clone --progress …", ""),
        preset("pv", "pv -n …, pv -f …", "a size, -s; with -n -t -b total: bytes"),
        preset("rsync", "rsync --info=progress2 …", "--no-inc-recursive for a bar from the start"),
        preset("tar", "tar --checkpoint=1000 …", "total: bytes of the archive; else only a count"),
        preset("wget", "wget …", "a length from the server; else only what has come"),
    ]
};

/// Patterns and stages of a preset.
pub(super) struct Preset {
    pub(super) patterns: Vec<Pattern>,
    pub(super) stages: &'static [(&'static str, f64)],
}

/// The preset with this name. Tests ensure that the patterns compile.
pub(super) fn preset(name: &str) -> Option<Preset> {
    let (patterns, stages): (Result<Vec<_>, String>, &[_]) = match name {
        "apt" => (apt(), &[("Downloading", 40.0), ("Installing", 60.0)]),
        "curl" => (curl(), &[]),
        "dd" => (dd(), &[]),
        "ffmpeg" => (ffmpeg(), &[]),
        "git" => (git(), GIT_STAGES),
        "pv" => (pv(), &[]),
        "rsync" => (rsync(), &[]),
        "tar" => (tar(), &[]),
        "wget" => (wget(), &[]),
        _ => return None,
    };
    Some(Preset { patterns: patterns.ok()?, stages })
}

const GIT_STAGES: &[(&str, f64)] = &[
    ("Counting objects", 2.0),
    ("Compressing objects", 6.0),
    ("Receiving objects", 72.0),
    ("Resolving deltas", 15.0),
    ("Updating files", 5.0),
];

/// `dlstatus:ITEM:PERCENT:TEXT` and `pmstatus:PACKAGE:PERCENT:TEXT`.
fn apt() -> Result<Vec<Pattern>, String> {
    let line = |word: &str| {
        let text = format!("^{word}:[^:]*:(?<percent>[0-9.]+):(?<message>.*)$");
        Pattern::new(&text, Streams::BOTH).map(Pattern::hidden)
    };
    Ok(vec![line("dlstatus")?.within("Downloading"), line("pmstatus")?.within("Installing")])
}

/// The meter has one percent column for received and one for sent data. The first column shows 100
/// if the total is unknown.
fn curl() -> Result<Vec<Pattern>, String> {
    let of = |text| Pattern::new(text, Streams::STDERR);
    Ok(vec![
        of(r"^ *\d{1,3} +\S+ +(?<percent>[1-9]\d{0,2}) +\S+ +\d{1,3} +\S+ +\S+ +\S+ +[-0-9:dh]+ ")?,
        of(r"^ *\d{1,3} +\S+ +0 +\S+ +(?<percent>[1-9]\d{0,2}) +\S+ +\S+ +\S+ +[-0-9:dh]+ ")?,
        of(r"^ *100 +\S+ +0 +(?<instead>[1-9]\S*) +0 +\S+ +\S+ +\S+ +[-0-9:dh]+ ")?
            .saying("", " received"),
        of(r"^[#=O -]* *(?<percent>\d{1,3}[.,]\d)%$")?,
    ])
}

fn dd() -> Result<Vec<Pattern>, String> {
    let text = r"^(?<done>\d+) bytes? (?:\((?<instead>[^,)]*)[^)]*\) )?copied, ";
    Ok(vec![Pattern::new(text, Streams::STDERR)?.saying("", " copied")])
}

/// The duration is that of the longest input; the position is printed by `-progress` and in the
/// statistics line.
fn ffmpeg() -> Result<Vec<Pattern>, String> {
    let of = |text| Pattern::new(text, Streams::BOTH);
    Ok(vec![
        of(r"^\s+Duration: (?<total>\d+:\d\d:\d\d(?:\.\d+)?)")?.with_largest(),
        of(r"^out_time=(?<done>(?<instead>\d+:\d\d:\d\d)(?:\.\d+)?)\s*$")?
            .saying("", " are done")
            .hidden(),
        of(r"^(?:frame|size)=.* time=(?<done>(?<instead>\d+:\d\d:\d\d)(?:\.\d+)?) ")?
            .saying("", " are done"),
        of(concat!(
            r"^(?:frame|fps|stream_\d+_\d+_\w+|bitrate|total_size|out_time\w*|dup_frames|",
            r"drop_frames|speed|progress)=\s*[^\s=]*\s*$"
        ))?
        .hidden(),
    ])
}

fn git() -> Result<Vec<Pattern>, String> {
    let text = concat!(
        r"^(?:remote: )?(?<stage>(?:Counting|Compressing|Receiving) objects|Resolving deltas|",
        r"Updating files): +(?<percent>\d{1,3})% \("
    );
    Ok(vec![Pattern::new(text, Streams::STDERR)?])
}

/// A bare number is a percentage (`-n`); two are seconds and bytes (`-n -t -b`). Without `-n` there
/// is a bar.
fn pv() -> Result<Vec<Pattern>, String> {
    let of = |text| Pattern::new(text, Streams::STDERR);
    Ok(vec![
        of(r"^(?<percent>\d{1,3})$")?.hidden(),
        of(r"^\d+\.\d+ (?<done>\d+)$")?.hidden(),
        of(r"\] +(?<percent>\d{1,3})% *(?:ETA .*)?$")?,
    ])
}

/// While the file list still grows (`ir-chk`), the percentage has no fixed base.
fn rsync() -> Result<Vec<Pattern>, String> {
    let text = concat!(
        r"^ *(?<instead>\d[\d.,']*[KMGTP]?) +(?<percent>\d{1,3})% +\S+/s +[\d:]+",
        r"(?: +\(xfr#\d+, (?:(?<unsure>ir)|(?<sure>to))-chk=\d+/\d+\))? *$"
    );
    let pattern = Pattern::new(text, Streams::STDOUT)?;
    Ok(vec![pattern.saying("", " copied, the list of files still grows")])
}

/// A checkpoint is a record of 20 blocks of 512 bytes, the default.
fn tar() -> Result<Vec<Pattern>, String> {
    let of = |text| Pattern::new(text, Streams::STDERR);
    Ok(vec![
        of(r"^[^ ]*tar: (?:Write|Read) checkpoint (?<instead>(?<done>\d+))$")?
            .scaled(10_240.0)
            .saying("", " records of 10 KiB")
            .hidden(),
        of(r"^Total bytes (?:written|read): (?<done>\d+) \((?<instead>[^,)]+)")?
            .saying("", " so far"),
    ])
}

/// The dots printed to a file, and the bar.
fn wget() -> Result<Vec<Pattern>, String> {
    let of = |text| Pattern::new(text, Streams::STDERR);
    Ok(vec![
        of(r"^ *\d+[KMG] [ .,]+ (?<percent>\d{1,3})% ")?.hidden(),
        of(r"^ *(?<instead>\d+[KMG]) [ .,]+ +[\d.]+[KMG]?(?:=\S+)?$")?
            .saying("", " received")
            .hidden(),
        of(r" (?<percent>\d{1,3})%\[[=+> ]*\] ")?,
        of(r"\[ *<=> *\] +(?<instead>[\d.]+[KMG]?) ")?.saying("", " received"),
    ])
}
