//! Which variables a parameter may set. Whoever starts a task chooses its value, and programs take
//! options, code, files and servers from variables: those names are refused, unless the operator
//! names them in `allow_env`.

/// What a parameter may do with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Set it.
    Fine,
    /// Set it where `allow_env` names it.
    OnlyIfAllowed,
    /// Nothing: it decides over which code any program runs.
    Never,
}

/// The dynamic linker, the C library and the shell obey these in every program.
const NEVER: &str = "\
    PATH IFS ENV BASH_ENV GCONV_PATH GLIBC_TUNABLES SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND";
const NEVER_BEGIN: &str = "\
    LD_ DYLD_ BASH_FUNC_";

/// No program has names like these: they are for parameters.
const OWN: &str = "PARAM_";
/// Secrets of well-known programs that begin as refused names do.
const SECRETS: &str = "\
    PGPASSWORD MYSQL_PWD RESTIC_PASSWORD BORG_PASSPHRASE RCLONE_CONFIG_PASS AWS_ACCESS_KEY_ID \
    AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AZURE_CLIENT_SECRET VAULT_TOKEN NPM_TOKEN \
    DOCKER_PASSWORD ANSIBLE_VAULT_PASSWORD CARGO_REGISTRY_TOKEN";

/// Whole names.
const STEER: &str = "\
    HOME USER LOGNAME SHELL PWD OLDPWD TMP TEMP TMPDIR HOSTALIASES LOCALDOMAIN LANG LANGUAGE TZ \
    TERM TERMCAP POSIXLY_CORRECT NLSPATH DISPLAY XAUTHORITY BROWSER VISUAL ED INPUTRC \
    GLOBIGNORE FIGNORE PS1 PS2 GZIP BZIP BZIP2 ZIP UNZIP ZIPINFO LESS TAR TAPE RSH PSQLRC \
    WGETRC HG HGUSER HGMERGE GOROOT CURLRC NETRC PHPRC VIMINIT EXINIT SCREENRC HGRC NPMRC PAGER \
    EDITOR MAKEFILES CC CXX CPP LD AR AS KUBECONFIG FFREPORT GNUPGHOME ZDOTDIR VIRTUAL_ENV \
    MALLOC_TRACE MAGIC MAILRC ACKRC AXELRC MERGETOOL DIFFPROG SENDMAIL TZDIR";

/// Families: everything that begins so.
const STEER_BEGIN: &str = "\
    PYTHON PERL RUBY GEM_ BUNDLE_ NODE_ NPM_ YARN_ PNPM_ DENO_ BUN_ JAVA_ _JAVA_ JDK_ JVM_ \
    CLASSPATH MAVEN_ GRADLE_ PHP_ LUA_ R_ JULIA_ TCL GUILE_ GOPRIVATE GOENV GONOSUM GOTOOL CGO_ \
    CARGO_ RUSTC RUSTUP_ DOTNET_ COMPLUS_ CORECLR_ MONO_ ERL_ ELIXIR_ OCAML CAML GHC PIP_ UV_ \
    POETRY_ CONDA_ JUPYTER_ IPYTHON GIT_ SSH_ SVN_ CVS_ HG_ BASH SUDO_ MAKE CMAKE_ PKG_CONFIG \
    RSYNC_ RCLONE_ BORG_ RESTIC_ ANSIBLE_ TF_ TERRAFORM_ VAULT_ DOCKER_ BUILDAH_ CONTAINER_ \
    HELM_ KUBE_ AWS_ AZURE_ CLOUDSDK_ GOOGLE_APPLICATION_ PG MYSQL_ MARIADB_ REDIS_ CURL_ WGET_ \
    SSL_ TLS_ OPENSSL_ KRB5 LDAP SASL_ GNUPG SYSTEMD_ DBUS_ XDG_ GTK_ QT_ GIO_ GST_ GS_ MAGICK_ \
    FFMPEG_ TEXMF TEXINPUTS TAR_ GREP_ XZ_ ZSTD_ LESSOPEN LESSCLOSE LESSKEY LESSHISTFILE VIM \
    EMACS LC_ TERMINFO MALLOC_ RES_ GCC_ LLVM_ OMP_ OMPI_ RPM VK_ FONTCONFIG GROFF_ LYNX SQLITE_ \
    TMUX DEPENDENCIES_ SUNPRO_";

/// What ends so names options, code, a program or a server, whoever reads it.
const STEER_END: &str = "\
    PATH _PATHS LIB OPT OPTS OPTIONS SWITCHES FLAGS _ARGS PROXY EDITOR PAGER SHELL _RSH _SSH ASKPASS \
    _COMMAND _CMD PASSCOMMAND _PROGRAM _EXEC WRAPPER _LAUNCHER _PRELOAD STARTUP _INIT _HOOK \
    _HOOKS _PLUGIN _PLUGINS _PROFILE _CONFIG _CONF _CONFIG_FILE _HOME _ROOT _CA_BUNDLE \
    _CERT_FILE _CERT_DIR _CERTS _LOADER _MODULE _MODULES _RC _RCFILE _CFG _FILE _FILES _FILENAMES \
    LOGFILE PROFILE _DIR TMPDIR TEMPDIR _PREFIX _OUTPUT";

/// The rule for a name. Whether letters are large plays no part: `http_proxy` is `HTTP_PROXY`.
pub(super) fn rule(name: &str) -> Rule {
    let name = name.to_ascii_uppercase();
    let is = |list: &str| list.split(' ').any(|whole| name == whole);
    let begins = |list: &str| list.split(' ').any(|start| name.starts_with(start));
    let ends = |list: &str| list.split(' ').any(|end| name.ends_with(end));
    if begins(OWN) {
        return Rule::Fine;
    }
    if is(NEVER) || begins(NEVER_BEGIN) {
        return Rule::Never;
    }
    match is(STEER) || begins(STEER_BEGIN) || ends(STEER_END) {
        true if !is(SECRETS) => Rule::OnlyIfAllowed,
        _ => Rule::Fine,
    }
}

/// What is said of a name that no parameter may set.
pub(super) fn never(name: &str) -> String {
    format!("{name} decides over which code runs; no parameter may set it")
}

/// What is said of a name that a parameter may set only where the operator allows it; `word` is the
/// command's.
pub(super) fn not_allowed(name: &str, word: &str) -> String {
    format!(
        "programs take options, code, files or servers from {name}, so that a start could make the \
         command do something else: give the parameter a name of its own, such as PARAM_{name}, or \
         write allow_env = [\"{name}\"] in [commands.{word}] where this is meant"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_which_programs_are_steered_are_not_free() {
        for name in [
            "TAR_OPTIONS",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "NODE_OPTIONS",
            "GIT_SSH_COMMAND",
            "GIT_DIR",
            "HOME",
            "PERL5LIB",
            "PERL5OPT",
            "RUBYOPT",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "http_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "no_proxy",
            "SSL_CERT_FILE",
            "EDITOR",
            "PAGER",
            "LESSOPEN",
            "RSYNC_RSH",
            "TMPDIR",
            "GREP_OPTIONS",
            "XZ_OPT",
            "MANPAGER",
            "PGOPTIONS",
            "PGSERVICEFILE",
            "RUSTC_WRAPPER",
            "GOFLAGS",
            "CLASSPATH",
            "npm_config_script_shell",
            "BORG_RSH",
            "LC_ALL",
            "RESTIC_PASSWORD_COMMAND",
            "SSH_ASKPASS",
            "KUBECONFIG",
            "DOCKER_HOST",
            "CURL_HOME",
            "GZIP",
            "LUA_INIT",
            "MAKEFLAGS",
            "OPENSSL_CONF",
            "AWS_CONFIG_FILE",
            "VIMINIT",
            "R_PROFILE_USER",
            "ZIPOPT",
            "RAKEOPT",
            "GCC_EXEC_PREFIX",
            "DEPENDENCIES_OUTPUT",
            "MAGIC",
            "GOPROXY",
            "SSLKEYLOGFILE",
            "CPUPROFILE",
            "GMON_OUT_PREFIX",
            "VK_ICD_FILENAMES",
            "LYNX_CFG",
            "RARINISWITCHES",
            "SQLITE_TMPDIR",
        ] {
            assert_eq!(rule(name), Rule::OnlyIfAllowed, "{name}");
        }
        for name in ["PATH", "IFS", "ENV", "BASH_ENV", "LD_PRELOAD", "ld_library_path", "DYLD_X"] {
            assert_eq!(rule(name), Rule::Never, "{name}");
        }
    }

    #[test]
    fn names_of_ones_own_and_secrets_are_free() {
        for name in [
            "PASSWORD",
            "TOKEN",
            "KEY",
            "API_KEY",
            "WORD",
            "SINCE",
            "BOAT",
            "DRAFT",
            "BOOK",
            "GREETING",
            "PARAM_TAR_OPTIONS",
            "PGPASSWORD",
            "MYSQL_PWD",
            "RESTIC_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "SECRET",
            "URL",
            "NUMBER",
            "COLOUR",
            "SRC",
            "TARGET",
            "REGION",
            "MODE",
            "TEXT",
            "MANAGER",
            "LESSON",
            "LINES",
        ] {
            assert_eq!(rule(name), Rule::Fine, "{name}");
        }
    }
}
