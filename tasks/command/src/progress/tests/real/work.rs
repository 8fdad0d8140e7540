//! Programs that compute, pack, build and install.

use super::*;

#[test]
fn ffmpeg_beyond_its_input_is_unknown_and_a_declared_total_wins() {
    let ffmpeg = preset("ffmpeg");
    for (log, total, known) in [
        (&fixture!("ffmpeg-loop")[..], 36, 87),
        (fixture!("ffmpeg-setpts"), 24, 90),
        (fixture!("ffmpeg-concat-filter"), 24, 90),
    ] {
        let read = seen(&ffmpeg, Source::Stderr, log);
        assert!(percents_while_known(&read).iter().all(|percent| *percent <= 100));
        assert!(stays_unknown(&read), "it goes on beyond 12 s");
        assert!(messages(&read).last().is_some_and(|output| output.ends_with(" are done")));
        let declared = rules(&format!("[progress]\npreset = \"ffmpeg\"\ntotal = {total}"));
        let percents = percents(&seen(&declared, Source::Stderr, log));
        assert!(percents.is_sorted() && *percents.last().expect("some") >= known, "{percents:?}");
    }
    let concat = seen(&ffmpeg, Source::Stderr, fixture!("ffmpeg-concat"));
    assert_eq!(fractions(&concat), [0.0; 0], "its input tells no length");
    for (log, total) in [(&fixture!("ffmpeg-ss")[..], 8), (fixture!("ffmpeg-t"), 5)] {
        let declared = rules(&format!("[progress]\npreset = \"ffmpeg\"\ntotal = {total}"));
        assert!(*percents(&seen(&declared, Source::Stderr, log)).last().expect("some") >= 99);
        assert!(*percents(&seen(&ffmpeg, Source::Stderr, log)).last().expect("some") < 70);
    }
}

#[test]
fn each_submodule_of_git_is_a_part_with_its_stages() {
    let git = preset("git");
    let seen = seen(&git, Source::Stderr, fixture!("git-submodules"));
    assert_eq!(stages(&seen), [0, 1, 2, 3]);
    assert!(stays_unknown(&seen));
    let output = messages(&seen);
    for part in [
        "part 2 (s1)",
        "part 2 (s1): Receiving objects, 50 %",
        "part 3 (s2): Counting objects, 18 %",
        "part 3 (s2): Receiving objects, 100 %",
    ] {
        assert!(output.contains(&part), "{part}");
    }
}

#[test]
fn the_contents_of_lfs_are_a_stage_of_git() {
    let git = preset("git");
    let clone = seen(&git, Source::Stderr, fixture!("git-lfs-filter"));
    assert_eq!(stages(&clone), [0, 2, 3, 4, 5]);
    let filtering = clone.iter().position(|signal| *signal == Signal::Stage(5)).expect("stage");
    assert_eq!(percents(&clone[filtering..]), [3, 50, 100]);
    assert_eq!(messages(&clone), [""; 0]);
    let pull = seen(&git, Source::Stdout, fixture!("git-lfs-pull"));
    assert_eq!((stages(&pull), percents(&pull)), (vec![5], vec![0, 100]));
    for log in [&fixture!("git-lfs-push")[..], fixture!("git-lfs-clone")] {
        assert!(stages(&seen(&git, Source::Stderr, log)).is_sorted());
    }
}

#[test]
fn a_push_of_git_has_its_stages() {
    let push = preset("git-push");
    let seen = seen(&push, Source::Stderr, fixture!("git-push"));
    assert_eq!(stages(&seen), [1, 2, 3, 4]);
    let writing = seen.iter().position(|signal| *signal == Signal::Stage(3)).expect("stage");
    let resolving = seen.iter().position(|signal| *signal == Signal::Stage(4)).expect("stage");
    let percents_of = |part: &[Signal]| percents(part).last().copied();
    assert_eq!(percents_of(&seen[writing..resolving]), Some(100));
    assert_eq!(percents_of(&seen[resolving..]), Some(100));
    assert_eq!(messages(&seen), [""; 0]);
}

#[test]
fn of_nested_bars_of_tqdm_the_outermost_is_the_whole() {
    let tqdm = preset("tqdm");
    for log in [&fixture!("tqdm-nested")[..], fixture!("tqdm-nested-plain")] {
        let seen = seen(&tqdm, Source::Stderr, log);
        assert_eq!(percents(&seen), [0, 25, 50, 75, 100]);
        assert_eq!(lines(&seen), [""; 0], "bars are not for the log");
    }
    let nested = seen(&tqdm, Source::Stderr, fixture!("tqdm-nested"));
    assert_eq!(messages(&nested)[1], "inner, 17 %");
    let two = seen(&tqdm, Source::Stderr, fixture!("tqdm-two"));
    assert_eq!(percents_while_known(&two).last(), Some(&100));
    assert_eq!(messages(&two)[1], "part 2 (train), 10 %");
    assert_eq!(percents(&seen(&tqdm, Source::Stderr, fixture!("tqdm-one"))).last(), Some(&100));
    let bytes = seen(&tqdm, Source::Stderr, fixture!("tqdm-bytes"));
    assert_eq!(percents(&bytes)[..3], [0, 8, 16]);
    let unknown = seen(&tqdm, Source::Stderr, fixture!("tqdm-unknown"));
    assert_eq!((fractions(&unknown), messages(&unknown)[1]), (vec![], "4 done"));
}

#[test]
fn pip_has_stages_and_no_bar_of_a_single_package() {
    let pip = preset("pip");
    for log in [&fixture!("pip")[..], fixture!("pip-raw"), fixture!("pip-pty")] {
        let seen = seen(&pip, Source::Stdout, log);
        assert_eq!(stages(&seen), [0, 1]);
        let installing = seen.iter().position(|signal| *signal == Signal::Stage(1)).expect("stage");
        assert_eq!(fractions(&seen[..installing]), [0.0; 0]);
        assert!(messages(&seen).iter().any(|output| output.starts_with("Downloading sympy")));
    }
    let raw = seen(&pip, Source::Stdout, fixture!("pip-raw"));
    assert!(messages(&raw).contains(&"262144 bytes of a package downloaded"));
    let terminal = seen(&pip, Source::Stdout, fixture!("pip-pty"));
    assert_eq!(percents(&terminal).last(), Some(&100), "2 of 2 packages are installed");
}

#[test]
fn npm_tells_what_it_does_and_no_percent() {
    let npm = preset("npm");
    let http = seen(&npm, Source::Stderr, fixture!("npm-http"));
    assert!(messages(&http)[0].ends_with("/express"));
    let bar = seen(&npm, Source::Stderr, fixture!("npm-bar"));
    assert_eq!(messages(&bar)[0], "idealTree:app: sill idealTree buildDeps");
    let quiet = seen(&npm, Source::Stdout, fixture!("npm"));
    assert_eq!(messages(&quiet), ["added 68 packages in 2s"]);
    for seen in [http, bar, quiet] {
        assert_eq!(fractions(&seen), [0.0; 0]);
    }
}

#[test]
fn builds_count_their_steps() {
    let cargo = preset("cargo");
    let always = seen(&cargo, Source::Stderr, fixture!("cargo-always"));
    assert_eq!(percents(&always)[..4], [0, 6, 13, 19]);
    assert_eq!(percents(&always).last(), Some(&94));
    assert_eq!(percents(&seen(&cargo, Source::Stderr, fixture!("cargo-pty"))).last(), Some(&94));
    let cmake = seen(&preset("cmake"), Source::Stdout, fixture!("cmake"));
    assert_eq!(percents(&cmake)[..3], [3, 7, 11]);
    assert_eq!(percents(&cmake).last(), Some(&100));
    for (name, log) in [
        (preset("ninja"), &fixture!("ninja")[..]),
        (preset("cmake"), fixture!("ninja-pty")),
        (preset("ninja"), fixture!("cmake")),
    ] {
        let seen = seen(&name, Source::Stdout, log);
        assert!(percents(&seen).is_sorted());
        assert_eq!(percents(&seen).last(), Some(&100));
        assert!(messages(&seen).contains(&"Linking CXX executable m"));
    }
}

#[test]
fn stages_of_docker_that_are_built_side_by_side_add_up() {
    let docker = preset("docker");
    let plain = seen(&docker, Source::Stderr, fixture!("docker-plain"));
    assert_eq!(percents(&plain), [0, 13, 25, 38, 50, 63, 75]);
    assert_eq!(messages(&plain).last(), Some(&"naming to docker.io/library/app:1 done"));
    let classic = seen(&docker, Source::Stdout, fixture!("docker-classic"));
    assert_eq!(percents(&classic), [0, 25, 50, 75]);
    let terminal = "[+] Building 1.2s (4/9)\n => [2/4] WORKDIR /app     0.0s\n";
    let terminal = seen(&docker, Source::Stdout, terminal.as_bytes());
    assert_eq!((percents(&terminal), messages(&terminal)), (vec![44], vec!["WORKDIR /app"]));
}

#[test]
fn archives_tell_percent_of_all_files() {
    let add = seen(&preset("7z"), Source::Stdout, fixture!("7z-add"));
    assert!(percents(&add).is_sorted() && percents(&add).len() > 60);
    assert!(messages(&add).contains(&"big2.bin"));
    assert_eq!(percents(&seen(&preset("7z"), Source::Stdout, fixture!("7z-test"))), [0, 100]);
    assert_eq!(percents(&seen(&preset("7z"), Source::Stdout, fixture!("7z-extract"))), [0]);
    let zstd = preset("zstd");
    let one = seen(&zstd, Source::Stderr, fixture!("zstd"));
    assert_eq!(percents(&one)[..3], [0, 3, 5], "the percentage printed is the ratio");
    let two = seen(&zstd, Source::Stderr, fixture!("zstd-two"));
    assert!(percents(&two).is_sorted());
    assert!(messages(&two).contains(&"part 2 of 2, 10 %"));
    let pipe = seen(&zstd, Source::Stderr, fixture!("zstd-stdin"));
    assert_eq!((fractions(&pipe), messages(&pipe)[0]), (vec![], "3.50 MiB read"));
    assert_eq!(messages(&seen(&zstd, Source::Stderr, fixture!("zstd-d"))), ["0 B written"]);
}

#[test]
fn restic_is_understood_as_json_and_as_text() {
    let restic = preset("restic");
    let json = seen(&restic, Source::Stdout, fixture!("restic-json"));
    assert_eq!(percents(&json), [0, 47, 84, 100]);
    assert_eq!(messages(&json), ["/big.bin"]);
    assert_eq!(lines(&json).len(), 1, "the summary");
    let tiny = b"{\"message_type\":\"status\",\"percent_done\":3.2e-07,\"total_files\":1}\n";
    assert_eq!(fractions(&seen(&restic, Source::Stdout, tiny)), [3.2e-7], "and not 3.2");
    let terminal = seen(&restic, Source::Stdout, fixture!("restic-pty"));
    assert_eq!(percents(&terminal)[..3], [0, 6, 34]);
    assert_eq!(percents(&terminal).last(), Some(&100));
    let check = seen(&restic, Source::Stdout, fixture!("restic-check"));
    assert_eq!(percents_while_known(&check), [100]);
    assert_eq!(messages(&check)[1], "part 2, 75 %: packs");
}

#[test]
fn borg_is_understood_as_json_and_as_text() {
    let borg = preset("borg");
    let text = seen(&borg, Source::Stderr, fixture!("borg-extract"));
    assert_eq!(percents(&text)[..5], [0, 1, 15, 20, 26]);
    let json = seen(&borg, Source::Stderr, fixture!("borg-extract-json"));
    assert_eq!(percents(&json)[..5], [0, 1, 15, 20, 26]);
    for log in [&fixture!("borg-check")[..], fixture!("borg-check-json")] {
        let seen = seen(&borg, Source::Stderr, log);
        assert_eq!(percents_while_known(&seen).last(), Some(&90));
        assert!(
            messages(&seen).iter().any(|output| output.starts_with("part 2, 50 %: Checking arch"))
        );
    }
    let create = seen(&borg, Source::Stderr, fixture!("borg-create"));
    assert_eq!((fractions(&create), messages(&create)[0]), (vec![], "535.13 kB read"));
    let create = seen(&borg, Source::Stderr, fixture!("borg-create-json"));
    assert!(messages(&create).contains(&"31487096 bytes read"));
    assert_eq!(lines(&create), [""; 0]);
}
