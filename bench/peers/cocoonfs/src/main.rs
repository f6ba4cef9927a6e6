//! Runs the works of the CocoonFS benchmark with the Rust implementation, over a device in memory.
//!
//!   cocoonfs-peer                 every work, several times; one line of JSON a work
//!   cocoonfs-peer serve           reads names of works from standard input; one run and one line each
//!   cocoonfs-peer export FOLDER   writes images that works start from
//!
//! {"work", "us" or "median_us", "syncs", "writes", "bytes"}: barriers count as syncs; us are microseconds of CPU time.

mod device;
mod volume;

use device::{MemoryDevice, Shared};
use std::collections::HashMap;
use std::io::{BufRead, Write};

use volume::{FreeSpace, Volume};

const MIB: usize = 1 << 20;
const FIRST: u64 = 16;
const WORKS: [&str; 18] = [
    "mkfs-fill",
    "mkfs-none",
    "open",
    "list",
    "nv",
    "create-64",
    "rewrite-64",
    "create-1m",
    "rewrite-1m",
    "create-16m",
    "rewrite-16m",
    "read-16m",
    "many-each",
    "many-one",
    "many-read",
    "many-remove",
    "recover-1",
    "recover-100",
];
const LARGEST_RECOVERY: &str = "recover-5000";

struct Run {
    us: f64,
    syncs: u64,
    writes: u64,
    bytes: u64,
}

/// Microseconds of this thread's time on a processor: nothing here waits, and others' load stays out.
fn cpu_us() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 * 1e-3
}

fn timed(shared: &Shared, work: impl FnOnce()) -> Run {
    shared.lock().unwrap().reset_counts();
    let start = cpu_us();
    work();
    let us = cpu_us() - start;
    let state = shared.lock().unwrap();
    Run {
        us,
        syncs: state.syncs,
        writes: state.writes,
        bytes: state.bytes,
    }
}

/// Pages that are there already.
fn blank(size: usize) -> Vec<u8> {
    let mut image = vec![0xFF; size];
    image.fill(0);
    image
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| ((i * 31) >> 3) as u8).collect()
}

fn image_with(size: usize, files: u64, file_size: usize) -> Vec<u8> {
    let (mut volume, shared) = Volume::format(blank(size), FreeSpace::Leave);
    if files > 0 {
        volume.write(FIRST..FIRST + files, &pattern(file_size));
    }
    drop(volume);
    let image = shared.lock().unwrap().image.clone();
    image
}

/// A file of that many device blocks written again, its journal complete and nothing applied.
fn image_with_journal(blocks: usize) -> Vec<u8> {
    let data = pattern(blocks * 512 - 32);
    let (mut volume, shared) = Volume::format(blank(64 * MIB), FreeSpace::Leave);
    volume.write(FIRST..FIRST + 1, &data);
    shared.lock().unwrap().keep_in = 2;
    volume.write(FIRST..FIRST + 1, &data);
    let kept = shared.lock().unwrap().kept.take();
    kept.expect("two syncs")
}

fn base_image(work: &str) -> Vec<u8> {
    match work {
        "open" | "list" => image_with(64 * MIB, 10_000, 64),
        "read-16m" => image_with(64 * MIB, 1, 16 * MIB),
        "many-each" | "many-one" => image_with(8 * MIB, 0, 0),
        "many-read" | "many-remove" => image_with(8 * MIB, 1000, 256),
        "recover-1" => image_with_journal(1),
        "recover-100" => image_with_journal(100),
        "recover-5000" => image_with_journal(5000),
        _ => Vec::new(),
    }
}

/// The images, and the volumes that stay open from run to run.
#[derive(Default)]
struct Bench {
    images: HashMap<String, Vec<u8>>,
    volumes: HashMap<String, (Volume, Shared)>,
}

impl Bench {
    fn fresh_device(&mut self, work: &str) -> (MemoryDevice, Shared) {
        let image = self.images.entry(work.into()).or_insert_with(|| base_image(work));
        MemoryDevice::over(image.clone())
    }

    fn fresh_volume(&mut self, work: &str) -> (Volume, Shared) {
        let (device, shared) = self.fresh_device(work);
        (Volume::open(device), shared)
    }

    fn format(free_space: FreeSpace) -> Run {
        let image = blank(64 * MIB);
        let start = cpu_us();
        let (volume, shared) = Volume::format(image, free_space);
        let us = cpu_us() - start;
        drop(volume);
        let state = shared.lock().unwrap();
        Run {
            us,
            syncs: state.syncs,
            writes: state.writes,
            bytes: state.bytes,
        }
    }

    fn rewrite(&mut self, work: &str, image_size: usize, size: usize) -> Run {
        let data = pattern(size);
        let (volume, shared) = self.volumes.entry(work.into()).or_insert_with(|| {
            let (mut volume, shared) = Volume::format(blank(image_size), FreeSpace::Leave);
            volume.write(FIRST..FIRST + 1, &data);
            (volume, shared)
        });
        timed(shared, || volume.write(FIRST..FIRST + 1, &data))
    }

    fn create(&mut self, work: &str, size: usize) -> Run {
        let data = pattern(size);
        let (volume, shared) = self
            .volumes
            .entry(work.into())
            .or_insert_with(|| Volume::format(blank(64 * MIB), FreeSpace::Leave));
        let run = timed(shared, || volume.write(FIRST..FIRST + 1, &data));
        volume.remove(FIRST..=FIRST);
        run
    }

    fn open(&mut self, work: &str, and_list: bool) -> Run {
        let (device, shared) = self.fresh_device(work);
        let mut volume = None;
        let mut files = 0;
        let run = timed(&shared, || {
            let opened = volume.insert(Volume::open(device));
            if and_list {
                files = opened.count_files();
            }
        });
        assert!(!and_list || files == 10_000);
        run
    }

    fn many(&mut self, work: &str) -> Run {
        let data = pattern(256);
        let all = FIRST..FIRST + 1000;
        let (mut volume, shared) = self.fresh_volume(work);
        timed(&shared, || match work {
            "many-each" => all.for_each(|inode| volume.write(inode..inode + 1, &data)),
            "many-one" => volume.write(all, &data),
            "many-read" => assert_eq!(all.map(|inode| volume.read(inode)).sum::<usize>(), 256_000),
            _ => volume.remove(FIRST..=FIRST + 999),
        })
    }

    fn read(&mut self, work: &str) -> Run {
        if !self.volumes.contains_key(work) {
            let fresh = self.fresh_volume(work);
            self.volumes.insert(work.into(), fresh);
        }
        let (volume, shared) = self.volumes.get_mut(work).expect("just made");
        timed(shared, || assert_eq!(volume.read(FIRST), 16 * MIB))
    }

    fn run(&mut self, work: &str) -> Option<Run> {
        Some(match work {
            "mkfs-fill" => Self::format(FreeSpace::Fill),
            "mkfs-none" => Self::format(FreeSpace::Leave),
            "open" => self.open(work, false),
            "list" => self.open(work, true),
            "nv" => self.rewrite(work, 8 * MIB, 16 << 10),
            "create-64" => self.create(work, 64),
            "create-1m" => self.create(work, MIB),
            "create-16m" => self.create(work, 16 * MIB),
            "rewrite-64" => self.rewrite(work, 64 * MIB, 64),
            "rewrite-1m" => self.rewrite(work, 64 * MIB, MIB),
            "rewrite-16m" => self.rewrite(work, 64 * MIB, 16 * MIB),
            "read-16m" => self.read(work),
            "many-each" | "many-one" | "many-read" | "many-remove" => self.many(work),
            "recover-1" | "recover-100" | "recover-5000" => self.open(work, false),
            _ => return self.commit(work),
        })
    }

    /// "commit-FILE-IMAGE": a file of that many bytes written again in an image of that many MiB.
    fn commit(&mut self, work: &str) -> Option<Run> {
        let mut numbers = work.strip_prefix("commit-")?.split('-').map(str::parse::<usize>);
        let (file, image) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(self.rewrite(work, image * MIB, file))
    }
}

fn print(work: &str, time_name: &str, run: &Run) {
    let Run {
        us,
        syncs,
        writes,
        bytes,
    } = run;
    println!(
        "{{\"work\": \"{work}\", \"{time_name}\": {us:.2}, \"syncs\": {syncs}, \"writes\": {writes}, \"bytes\": {bytes}}}"
    );
    std::io::stdout().flush().expect("standard output");
}

fn works() -> impl Iterator<Item = &'static str> {
    WORKS.into_iter().chain([LARGEST_RECOVERY])
}

/// At least five runs and a fifth of a second each.
fn run_all() {
    let mut bench = Bench::default();
    for work in works() {
        let mut runs: Vec<Run> = Vec::new();
        let start = cpu_us();
        while runs.len() < 5 || (cpu_us() - start < 200e3 && runs.len() < 1000) {
            runs.push(bench.run(work).expect("known"));
        }
        runs.sort_by(|a, b| a.us.total_cmp(&b.us));
        print(work, "median_us", &runs[runs.len() / 2]);
    }
}

fn serve() {
    let mut bench = Bench::default();
    for line in std::io::stdin().lock().lines() {
        let work = line.expect("standard input");
        match bench.run(work.trim()) {
            Some(run) => print(work.trim(), "us", &run),
            None => println!("{{\"error\": \"no such work\"}}"),
        }
    }
}

fn export(folder: &str) {
    for work in [
        "list",
        "read-16m",
        "many-one",
        "many-read",
        "recover-1",
        "recover-100",
        "recover-5000",
    ] {
        std::fs::write(format!("{folder}/{work}.img"), base_image(work)).expect("image file");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run_all(),
        ["serve"] => serve(),
        ["export", folder] => export(folder),
        _ => eprintln!("cocoonfs-peer [serve | export FOLDER]"),
    }
}
