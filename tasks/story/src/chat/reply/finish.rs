//! Why a reply ended, out of the words that endpoints have for it.

/// Why a reply ended; a later one is worse, and the worst one counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Finish {
    /// By itself.
    Stop,
    /// At its maximum length.
    Length,
    /// The model wanted a tool, though it was given none.
    Tool,
    /// By a filter of contents; the endpoint's word.
    Filtered(String),
    /// By a failure; the endpoint's word.
    Failed(String),
}

const FAILED: [&str; 16] = [
    "error",
    "abort",
    "cancel",
    "fail",
    "network",
    "timeout",
    "time_limit",
    "interrupt",
    "disconnect",
    "insufficient",
    "malformed",
    "unspecified",
    "unknown",
    "other",
    "overload",
    "load",
];
const FILTERED: [&str; 11] = [
    "filter",
    "safety",
    "recitation",
    "prohibited",
    "blocklist",
    "spii",
    "sensitive",
    "refus",
    "guardrail",
    "moderation",
    "block",
];
const LENGTH: [&str; 5] = ["length", "max", "limit", "window", "truncat"];
const TOOL: [&str; 2] = ["tool", "function_call"];
const STOP: [&str; 9] =
    ["stop", "eos", "end", "complete", "finish", "done", "success", "normal", "content"];

impl Finish {
    /// Reads a reason. An unknown reason counts as a failure: half a text must not pass as a
    /// whole one.
    pub(super) fn read(reason: &str) -> Self {
        let word = reason.trim().to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|it| word.contains(it));
        let shown = || super::words::clean(reason);
        if has(&FAILED) {
            Self::Failed(shown())
        } else if has(&FILTERED) {
            Self::Filtered(shown())
        } else if has(&LENGTH) {
            Self::Length
        } else if has(&TOOL) {
            Self::Tool
        } else if has(&STOP) {
            Self::Stop
        } else {
            Self::Failed(shown())
        }
    }

    /// Reads the provider's own word beside the protocol's: only what the latter hides.
    pub(super) fn read_native(reason: &str) -> Option<Self> {
        Some(Self::read(reason)).filter(|it| matches!(it, Self::Length | Self::Filtered(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_for_an_end_is_understood() {
        let good = [
            "stop",
            "STOP",
            "eos",
            "eos_token",
            "stop_sequence",
            "end_turn",
            "completed",
            "EndOfSequence",
        ];
        let cut = [
            "length",
            "max_tokens",
            "MAX_TOKENS",
            "max_output_tokens",
            "model_length",
            "model_context_window_exceeded",
        ];
        let filtered = [
            "content_filter",
            "SAFETY",
            "RECITATION",
            "PROHIBITED_CONTENT",
            "sensitive",
            "refusal",
            "content_filtered",
        ];
        let failed = [
            "error",
            "abort",
            "aborted",
            "cancelled",
            "network_error",
            "OTHER",
            "MALFORMED_FUNCTION_CALL",
            "insufficient_system_resource",
            "FINISH_REASON_UNSPECIFIED",
            "load",
            "wat",
            "ERROR_TOXIC",
        ];
        good.iter().for_each(|it| assert_eq!(Finish::read(it), Finish::Stop, "{it}"));
        cut.iter().for_each(|it| assert_eq!(Finish::read(it), Finish::Length, "{it}"));
        filtered
            .iter()
            .for_each(|it| assert_eq!(Finish::read(it), Finish::Filtered((*it).to_owned())));
        failed.iter().for_each(|it| assert_eq!(Finish::read(it), Finish::Failed((*it).to_owned())));
        assert_eq!(Finish::read("tool_calls"), Finish::Tool);
        assert_eq!(Finish::read_native("MAX_TOKENS"), Some(Finish::Length));
        assert_eq!(Finish::read_native("wat"), None);
    }
}
