//! A block device in memory that counts what it is asked for, and can keep a copy of itself as it
//! was at a certain sync.

use cocoon_tpm_storage::blkdev::{
    NvBlkDev, NvBlkDevFuture, NvBlkDevIoError, NvBlkDevReadRequest, NvBlkDevWriteRequest,
};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// 512-byte device blocks, in the interface's unit.
const BLOCK_LOG2: u32 = 2;

#[derive(Default)]
pub struct State {
    pub image: Vec<u8>,
    pub syncs: u64,
    pub writes: u64,
    pub bytes: u64,
    /// Syncs to go until `kept` is taken; 0 means none is wanted.
    pub keep_in: u64,
    pub kept: Option<Vec<u8>>,
}

impl State {
    pub fn reset_counts(&mut self) {
        (self.syncs, self.writes, self.bytes) = (0, 0, 0);
    }

    fn sync(&mut self) {
        self.syncs += 1;
        if self.keep_in != 0 {
            self.keep_in -= 1;
            if self.keep_in == 0 {
                self.kept = Some(self.image.clone());
            }
        }
    }
}

pub type Shared = Arc<Mutex<State>>;

pub struct MemoryDevice(pub Shared);

impl MemoryDevice {
    pub fn over(image: Vec<u8>) -> (Self, Shared) {
        let shared = Arc::new(Mutex::new(State {
            image,
            ..State::default()
        }));
        (Self(shared.clone()), shared)
    }
}

/// Everything completes when it is polled for the first time.
pub enum Done {
    Sync,
    Resize(u64),
    Nothing,
}

impl NvBlkDevFuture<MemoryDevice> for Done {
    type Output = Result<(), NvBlkDevIoError>;

    fn poll(self: Pin<&mut Self>, dev: &MemoryDevice, _: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = dev.0.lock().unwrap();
        match *self {
            Self::Sync => state.sync(),
            Self::Resize(blocks) => state.image.resize((blocks << (BLOCK_LOG2 + 7)) as usize, 0),
            Self::Nothing => (),
        }
        Poll::Ready(Ok(()))
    }
}

pub struct Reading<R>(Option<R>);
pub struct Writing<R>(Option<R>);

/// The largest pieces in which a request can be copied.
fn step_log2(region: &cocoon_tpm_storage::blkdev::ChunkedIoRegion) -> u32 {
    let chunk = region.chunk_size_128b_log2();
    if chunk >= BLOCK_LOG2 && region.is_aligned(chunk) {
        chunk
    } else {
        BLOCK_LOG2
    }
}

impl<R: NvBlkDevReadRequest> NvBlkDevFuture<MemoryDevice> for Reading<R> {
    type Output = Result<(R, Result<(), NvBlkDevIoError>), NvBlkDevIoError>;

    fn poll(mut self: Pin<&mut Self>, dev: &MemoryDevice, _: &mut Context<'_>) -> Poll<Self::Output> {
        let mut request = self.0.take().expect("polled once");
        let result = read(&dev.0.lock().unwrap().image, &mut request);
        Poll::Ready(Ok((request, result)))
    }
}

fn read<R: NvBlkDevReadRequest>(image: &[u8], request: &mut R) -> Result<(), NvBlkDevIoError> {
    let region = request.region().clone();
    let step = step_log2(&region);
    for (block, chunks) in region
        .aligned_blocks_iter(step)
        .map_err(|_| NvBlkDevIoError::Internal)?
    {
        for (offset, range) in chunks {
            let begin = (((block << step) + offset) << 7) as usize;
            if let Some(out) = request.get_destination_buffer(&range)? {
                let end = begin + out.len();
                out.copy_from_slice(image.get(begin..end).ok_or(NvBlkDevIoError::IoBlockOutOfRange)?);
            }
        }
    }
    Ok(())
}

impl<R: NvBlkDevWriteRequest> NvBlkDevFuture<MemoryDevice> for Writing<R> {
    type Output = Result<(R, Result<(), NvBlkDevIoError>), NvBlkDevIoError>;

    fn poll(mut self: Pin<&mut Self>, dev: &MemoryDevice, _: &mut Context<'_>) -> Poll<Self::Output> {
        let request = self.0.take().expect("polled once");
        let mut state = dev.0.lock().unwrap();
        let result = write(&mut state.image, &request).map(|bytes| {
            state.writes += 1;
            state.bytes += bytes;
        });
        Poll::Ready(Ok((request, result)))
    }
}

fn write<R: NvBlkDevWriteRequest>(image: &mut [u8], request: &R) -> Result<u64, NvBlkDevIoError> {
    let region = request.region();
    let step = step_log2(region);
    let mut bytes = 0;
    for (block, chunks) in region
        .aligned_blocks_iter(step)
        .map_err(|_| NvBlkDevIoError::Internal)?
    {
        for (offset, range) in chunks {
            let begin = (((block << step) + offset) << 7) as usize;
            let source = request.get_source_buffer(&range)?;
            let end = begin + source.len();
            image
                .get_mut(begin..end)
                .ok_or(NvBlkDevIoError::IoBlockOutOfRange)?
                .copy_from_slice(source);
            bytes += source.len() as u64;
        }
    }
    Ok(bytes)
}

impl NvBlkDev for MemoryDevice {
    fn io_block_size_128b_log2(&self) -> u32 {
        BLOCK_LOG2
    }

    fn io_blocks(&self) -> u64 {
        (self.0.lock().unwrap().image.len() >> (BLOCK_LOG2 + 7)) as u64
    }

    /// 16 KiB, as the command line tool says of a file.
    fn preferred_io_blocks_bulk_log2(&self) -> u32 {
        7 - BLOCK_LOG2
    }

    type ResizeFuture = Done;
    fn resize(&self, io_blocks: u64) -> Result<Done, NvBlkDevIoError> {
        Ok(Done::Resize(io_blocks))
    }

    type ReadFuture<R: NvBlkDevReadRequest> = Reading<R>;
    fn read<R: NvBlkDevReadRequest>(
        &self,
        request: R,
    ) -> Result<Result<Reading<R>, (R, NvBlkDevIoError)>, NvBlkDevIoError> {
        Ok(Ok(Reading(Some(request))))
    }

    type WriteFuture<R: NvBlkDevWriteRequest> = Writing<R>;
    fn write<R: NvBlkDevWriteRequest>(
        &self,
        request: R,
    ) -> Result<Result<Writing<R>, (R, NvBlkDevIoError)>, NvBlkDevIoError> {
        Ok(Ok(Writing(Some(request))))
    }

    type FlushQueuedWritesFuture = Done;
    fn flush_queued_writes(&self) -> Result<Done, NvBlkDevIoError> {
        Ok(Done::Nothing)
    }

    type WriteBarrierFuture = Done;
    fn write_barrier(&self) -> Result<Done, NvBlkDevIoError> {
        Ok(Done::Sync)
    }

    type WriteSyncFuture = Done;
    fn write_sync(&self) -> Result<Done, NvBlkDevIoError> {
        Ok(Done::Sync)
    }

    type TrimFuture = Done;
    fn trim(&self, _: u64, _: u64) -> Result<Done, NvBlkDevIoError> {
        Ok(Done::Nothing)
    }
}
