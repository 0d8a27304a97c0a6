//! What this process has used so far; from `/proc`, Linux only.

/// CPU seconds (user and system) of all threads that still run, to the nanosecond where the kernel counts so.
fn cpu_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanoseconds: u64 = tasks
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum();
    nanoseconds as f64 / 1e9
}

/// Peak of the resident memory in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// One line for the one who started this process.
pub(crate) fn report(count: usize, text: usize) {
    println!("{count} {text} {:.6} {}", cpu_seconds(), peak_kb());
}
