//! What a command may use.

use super::{get, lines, report, run, scripted, until_gone};

/// The error of a task that fails.
async fn error(script: &str, more: &str) -> (String, String) {
    let place = scripted(script, more);
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    assert_eq!(printed.code, Some(1), "{printed:?} {}", place.log());
    let task = get(&server, &format!("/api/v1/tasks/{}", printed.stdout.trim())).await;
    let text = |key: &str| task["error"][key].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

#[tokio::test]
async fn a_storm_of_processes_is_ended() {
    let script = r#"
here=$(dirname "$0")
i=0
while [ $i -lt 300 ]; do
    sh -c 'echo $$ >> "$0"; exec sleep 1000' "$here/pids" &
    i=$((i+1))
done
wait
"#;
    let place = scripted(script, "max_processes = 20");
    let server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    let task = get(&server, &format!("/api/v1/tasks/{}", printed.stdout.trim())).await;
    assert_eq!(task["error"]["code"], "processes", "{task}");
    assert_eq!(task["error"]["message"], "sh had more than 20 processes.");
    until_gone(&lines(place.path("pids"), 1).await).await;
}

#[tokio::test]
async fn the_kernel_limits_memory_processor_time_and_files() {
    let (code, _) =
        error("dd if=/dev/zero of=/dev/null bs=512M count=1\n", "max_memory_mb = 100").await;
    assert_eq!(code, "exit_code");
    let (code, message) = error("while :; do :; done\n", "max_cpu_s = 1").await;
    assert_eq!((&*code, &*message), ("signal", "sh used more than 1 s of processor time."));
    let (code, message) =
        error("exec dd if=/dev/zero of=big bs=1M count=5\n", "max_file_mb = 1").await;
    assert_eq!(code, "signal", "{message}");
    assert!(message.starts_with("sh wrote a file of more than 1048576 bytes."), "{message}");
}

#[tokio::test]
async fn a_flood_of_output_is_read_and_kept_in_part() {
    const SIZE: u64 = 64 << 20;
    // Without a line break, with bytes that are no text.
    let script = format!("printf begin; head -c {SIZE} /dev/zero | tr '\\0' '\\377'; printf end\n");
    let place = scripted(&script, "max_output_bytes = 2048");
    let mut server = place.serve(&[], &[]).await;
    let printed = run(&place, &server, &[]).await;
    let report = report(&place, &server, &printed).await;
    assert_eq!(report["output_bytes"], SIZE + 8);
    assert_eq!(report["omitted_bytes"], SIZE + 8 - 2048);
    let output = report["output"].as_str().unwrap();
    assert!(output.starts_with("begin") && output.ends_with("end"), "{output}");
    let pid = server.child().id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 300 << 10, "{peak} kB");
}
