//! Which variables a parameter may set. Whoever starts a task chooses its value, and programs take
//! options, code, files and servers from variables. Nobody knows all of their names, so that the list
//! is one of what is allowed: `PARAM_…`, and what the command names in `allow_env`.

/// What a parameter may do with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Set it.
    Free,
    /// Set it where `allow_env` names it.
    OnlyIfAllowed,
    /// Nothing: it decides over which code any program runs.
    Never,
}

/// What every parameter may set begins so: no program reads such names unless it was written for them.
const FREE: &str = "PARAM_";
/// What the dynamic linker, the C library and shells read before the program has its say.
const NEVER: [&str; 12] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "ZDOTDIR",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "GCONV_PATH",
    "LOCPATH",
    "GLIBC_TUNABLES",
];
/// Families of the same.
const NEVER_BEGIN: [&str; 3] = ["LD_", "DYLD_", "BASH_FUNC_"];

/// The rule for a name.
pub(super) fn rule(name: &str) -> Rule {
    if NEVER.contains(&name) || NEVER_BEGIN.iter().any(|family| name.starts_with(family)) {
        return Rule::Never;
    }
    match name.strip_prefix(FREE) {
        Some(rest) if !rest.is_empty() => Rule::Free,
        _ => Rule::OnlyIfAllowed,
    }
}

/// What is said of a name that no parameter may set.
pub(super) fn never(name: &str) -> String {
    format!(
        "{name} decides over which code runs, before the program does: no parameter may set it, and \
         allow_env cannot allow it"
    )
}

/// What is said of a name that a parameter of the command `word` may set only where `allow_env` names it.
pub(super) fn not_allowed(name: &str, word: &str) -> String {
    let free = name.trim_start_matches('_').to_ascii_uppercase();
    format!(
        "a parameter of the command {word} may not set {name}, as programs may take options, code, \
         files or servers from it: call it {FREE}{free}, or write allow_env = [\"{name}\"] in \
         [commands.{word}]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_param_is_free_and_all_else_has_to_be_allowed() {
        for name in ["PARAM_TOKEN", "PARAM_TAR_OPTIONS", "PARAM_LD_PRELOAD", "PARAM_1"] {
            assert_eq!(rule(name), Rule::Free, "{name}");
        }
        for name in [
            "TOKEN",
            "KEY",
            "TAR_OPTIONS",
            "https_proxy",
            "PARAM_",
            "PARAM",
            "param_x",
            "XPARAM_Y",
            "",
        ] {
            assert_eq!(rule(name), Rule::OnlyIfAllowed, "{name}");
        }
    }

    #[test]
    fn what_is_read_before_the_program_is_nobodys() {
        for name in NEVER.into_iter().chain(["LD_PRELOAD", "DYLD_X", "BASH_FUNC_ls"]) {
            assert_eq!(rule(name), Rule::Never, "{name}");
        }
    }

    #[test]
    fn a_refusal_names_the_variable_the_command_and_both_ways_out() {
        let told = not_allowed("https_proxy", "fetch");
        for part in [
            "the command fetch may not set https_proxy",
            "call it PARAM_HTTPS_PROXY, or write allow_env = [\"https_proxy\"] in [commands.fetch]",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(rule("PARAM_HTTPS_PROXY"), Rule::Free);
    }
}
