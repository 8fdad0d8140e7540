//! Programs that transfer files.

use super::*;

#[test]
fn a_second_transfer_of_curl_is_part_2_and_the_bar_is_unknown() {
    let curl = preset("curl");
    let redirect = seen(&curl, Source::Stderr, fixture!("curl-redirect"));
    assert_eq!(percents_while_known(&redirect), [66, 100], "the body of the redirect");
    assert_eq!(
        messages(&redirect),
        ["part 2, 10 %", "part 2, 55 %", "part 2, 95 %", "part 2, 100 %"]
    );
    let two = seen(&curl, Source::Stderr, fixture!("curl-two"));
    assert_eq!(percents_while_known(&two), [40, 80, 100]);
    assert_eq!(messages(&two)[..2], ["part 2", "part 2, 25 %"]);
    let hash = seen(&curl, Source::Stderr, fixture!("curl-hash-two"));
    assert_eq!(percents_while_known(&hash).last(), Some(&100));
    assert_eq!(messages(&hash)[0], "part 2, 5 %");
    assert!([redirect, two, hash].iter().all(|seen| stays_unknown(seen)));
}

#[test]
fn curl_in_parallel_counts_all_transfers() {
    let curl = preset("curl");
    let parallel = seen(&curl, Source::Stderr, fixture!("curl-parallel"));
    assert_eq!(percents(&parallel), [52, 65, 77, 90, 100]);
    assert_eq!(messages(&parallel), ["1757k received", "3222k received", "4687k received"]);
    let queued = seen(&curl, Source::Stderr, fixture!("curl-8.19-parallel"));
    assert_eq!(percents(&queued), [52, 100], "40 % was without the transfer that waits");
}

#[test]
fn the_columns_of_curl_8_19_are_understood() {
    let curl = preset("curl");
    let known = seen(&curl, Source::Stderr, fixture!("curl-8.19"));
    assert_eq!(percents(&known), [4, 15, 50, 100]);
    let unknown = seen(&curl, Source::Stderr, fixture!("curl-8.19-unknown"));
    assert_eq!(fractions(&unknown), [0.0; 0]);
    assert_eq!(messages(&unknown), ["1.42M received", "3.80M received"]);
}

#[test]
fn rsync_with_p_counts_files_and_not_the_first_one() {
    let rsync = preset("rsync");
    let each = seen(&rsync, Source::Stdout, fixture!("rsync-each"));
    assert_eq!(percents(&each), [29, 43, 57, 71, 86, 100]);
    assert_eq!(messages(&each)[..2], ["1", "32,768 4% of the file"]);
    let one = seen(&rsync, Source::Stdout, fixture!("rsync-each-one"));
    assert_eq!(percents(&one), [100], "how many files there are is said at the end of the first");
    assert!(messages(&one).contains(&"19,693,568 49% of the file"));
    let many = seen(&rsync, Source::Stdout, fixture!("rsync-each-many"));
    assert_eq!(fractions(&many), [0.0; 0], "the list of files still grows");
    assert!(messages(&many).contains(&"files copied: 1, the list of files still grows"));
    let verbose = seen(&rsync, Source::Stdout, fixture!("rsync-verbose"));
    assert_eq!(percents(&verbose), [16, 33, 50, 66, 83, 100]);
}

#[test]
fn an_unknown_time_of_rsync_is_no_obstacle() {
    let log =
        "     32,768   0%    0.00kB/s   ??:??:??  \r    700,000  16%    3.00MB/s   ??:??:?? \n";
    assert_eq!(percents(&seen(&preset("rsync"), Source::Stdout, log.as_bytes())), [0, 16]);
}

#[test]
fn a_second_file_of_wget_is_part_2_with_its_name() {
    let seen = seen(&preset("wget"), Source::Stderr, fixture!("wget-two"));
    // The middle of the log is left out of the fixture.
    let part = b"Saving to: 'b.iso'\n  50K .......... ..........  7% 987M 1s\n";
    let log = [&fixture!("wget-two")[..], part].concat();
    let two = super::seen(&preset("wget"), Source::Stderr, &log);
    assert_eq!(percents(&seen).last(), Some(&100));
    assert_eq!(messages(&two), ["part 2 (b.iso)", "part 2 (b.iso), 7 %"]);
    assert!(stays_unknown(&two));
}

#[test]
fn wget2_moves_the_cursor_and_adds_its_bars_up() {
    let one = seen(&preset("wget2"), Source::Stdout, fixture!("wget2"));
    assert_eq!(percents(&one)[..3], [10, 15, 20]);
    assert_eq!(percents(&one).last(), Some(&100));
    let two = "\x1b[s\x1b[2A\x1b[1Ga.iso  71% [====>   ]  1.0M  2MB/s\x1b[u\x1b[s\x1b[1A\x1b[1Gb.iso  11% [>    ] \
               10K  1MB/s\x1b[u\x1b[2A\x1b[Ga.iso 100% [====>   ]  1.4M  2MB/s\x1b[u\x1b[Ab.iso 60% [=> ] 1 1\x1b[u";
    let two = seen(&preset("wget2"), Source::Stdout, two.as_bytes());
    assert_eq!(percents(&two), [71, 80]);
    assert_eq!(
        messages(&two),
        ["41 %", "55 %"],
        "a second bar begins: unknown until it catches up"
    );
}

#[test]
fn rclone_is_understood_in_all_its_formats() {
    let rclone = preset("rclone");
    let one = seen(&rclone, Source::Stderr, fixture!("rclone"));
    assert_eq!(percents(&one)[..3], [8, 16, 24]);
    assert_eq!(percents(&one).last(), Some(&100));
    for name in [
        &fixture!("rclone-many")[..],
        fixture!("rclone-one-line"),
        fixture!("rclone-pty"),
        fixture!("rclone-json"),
    ] {
        let percents = percents(&seen(&rclone, Source::Stderr, name));
        assert!(matches!(percents[..], [40 | 41, 76, 100]), "{percents:?}");
    }
    let idle = "Transferred:   \t          0 B / 0 B, -, 0 B/s, ETA -\n";
    assert_eq!(fractions(&seen(&rclone, Source::Stderr, idle.as_bytes())), [0.0; 0]);
}

#[test]
fn yt_dlp_has_items_and_parts() {
    let yt_dlp = preset("yt-dlp");
    let one = seen(&yt_dlp, Source::Stdout, fixture!("yt-dlp"));
    assert_eq!(percents(&one).last(), Some(&100));
    let two = seen(&yt_dlp, Source::Stdout, fixture!("yt-dlp-two"));
    assert_eq!(percents_while_known(&two).last(), Some(&100));
    assert_eq!(messages(&two)[..2], ["part 2 (yt00002.bin)", "part 2 (yt00002.bin), 0 %"]);
    assert!(stays_unknown(&two));
    let unknown = seen(&yt_dlp, Source::Stdout, fixture!("yt-dlp-unknown"));
    assert_eq!(messages(&unknown)[0], "1.00KiB received");
    let list = "[download] Downloading item 2 of 5\n[download] Destination: b.mp4\n\
                [download]  50.0% of   10.00MiB at    1.00MiB/s ETA 00:05\n\
                [download] Downloading item 3 of 5\n[download]   0.0% of ~ 10.00MiB at 1 ETA 1\n";
    let list = seen(&yt_dlp, Source::Stdout, list.as_bytes());
    assert_eq!(percents(&list), [30, 40]);
    assert_eq!(
        messages(&list)[..3],
        ["part 2 of 5", "part 2 of 5 (b.mp4)", "part 2 of 5 (b.mp4), 50 %"]
    );
}
