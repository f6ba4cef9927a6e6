//! One open file system, driven to completion call by call.

use crate::device::{MemoryDevice, Shared};
use cocoon_tpm_crypto::rng::{HashDrbg, RngCoreDispatchable};
use cocoon_tpm_crypto::symcipher::{SymBlockCipherAesKeySize, SymBlockCipherAlg};
use cocoon_tpm_storage::fs::cocoonfs::{AuxFsMetadata, CocoonFs, ImageLayout, MkFsFuture, OpenFsFuture};
use cocoon_tpm_storage::fs::{NvFs, NvFsEnumerateCursor, NvFsFutureAsCoreFuture, NvFsReadContext, NvFsUnlinkCursor};
use cocoon_tpm_tpm2_interface::TpmiAlgHash;
use cocoon_tpm_utils_async::sync_types;
use cocoon_tpm_utils_common::{fixed_vec::FixedVec, zeroize::Zeroizing};
use pollster::FutureExt as _;
use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub struct StdLock<T: Send>(Mutex<T>);

impl<T: Send> sync_types::Lock<T> for StdLock<T> {
    type Guard<'a>
        = MutexGuard<'a, T>
    where
        T: 'a;
    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}

impl<T: Send> sync_types::ConstructibleLock<T> for StdLock<T> {
    fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap()
    }
}

impl<T: Send> From<T> for StdLock<T> {
    fn from(value: T) -> Self {
        Self(Mutex::new(value))
    }
}

pub struct StdRwLock<T: Send + Sync>(RwLock<T>);

impl<T: Send + Sync> sync_types::RwLock<T> for StdRwLock<T> {
    type ReadGuard<'a>
        = RwLockReadGuard<'a, T>
    where
        T: 'a;
    type WriteGuard<'a>
        = RwLockWriteGuard<'a, T>
    where
        T: 'a;
    fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap()
    }
    fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap()
    }
    fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap()
    }
}

impl<T: Send + Sync> From<T> for StdRwLock<T> {
    fn from(value: T) -> Self {
        Self(RwLock::new(value))
    }
}

pub struct StdTypes;

impl sync_types::SyncTypes for StdTypes {
    type Lock<T: Send> = StdLock<T>;
    type RwLock<T: Send + Sync> = StdRwLock<T>;
    type SyncRcPtrFactory = sync_types::GenericArcFactory;
}

type Fs = CocoonFs<StdTypes, MemoryDevice>;
type FsPtr = <Fs as NvFs>::SyncRcPtr;
type Rng = Box<dyn RngCoreDispatchable + Send>;

fn fs_ref(fs: &FsPtr) -> <Fs as NvFs>::SyncRcPtrRef<'_> {
    <FsPtr as sync_types::SyncRcPtr<_>>::as_ref(fs)
}

pub fn key() -> Vec<u8> {
    (0..32).collect()
}

fn new_rng() -> Rng {
    let hash = TpmiAlgHash::Sha512;
    let mut seed = vec![0; HashDrbg::min_seed_entropy_len(hash)];
    getrandom::fill(&mut seed).expect("entropy");
    Box::new(HashDrbg::instantiate(hash, &seed, None, Some(b"cocoonfs-peer")).expect("DRBG"))
}

/// AES-128 and SHA-256; blocks of 128, 512 and (tree nodes) 1024 bytes: the tool's defaults.
fn layout() -> ImageLayout {
    let sha = TpmiAlgHash::Sha256;
    let aes = SymBlockCipherAlg::Aes(SymBlockCipherAesKeySize::Aes128);
    ImageLayout::new(0, 2, 1, 2, 2, 0, 0, sha, sha, sha, sha, sha, aes).expect("layout")
}

pub struct Volume {
    fs: FsPtr,
    rng: Option<Rng>,
}

/// `Fill` is random bytes in free space, the reference's way where trimming is off.
#[derive(Clone, Copy, PartialEq)]
pub enum FreeSpace {
    Fill,
    Leave,
}

impl Volume {
    pub fn format(image: Vec<u8>, free_space: FreeSpace) -> (Self, Shared) {
        let (device, shared) = MemoryDevice::over(image);
        let mut salt = FixedVec::new_with_default(3).unwrap();
        salt.copy_from_slice(b"abc");
        let trim = free_space == FreeSpace::Leave;
        let mkfs = MkFsFuture::<StdTypes, MemoryDevice>::new(
            device,
            &layout(),
            salt,
            AuxFsMetadata::new(),
            None,
            &key(),
            trim,
            new_rng(),
        );
        let Ok((rng, Ok(fs))) = mkfs.unwrap_or_else(|(_, _, e)| panic!("mkfs: {e:?}")).block_on() else {
            panic!("mkfs failed");
        };
        (Self { fs, rng: Some(rng) }, shared)
    }

    pub fn open(device: MemoryDevice) -> Self {
        let open = OpenFsFuture::<StdTypes, MemoryDevice>::new(device, None, Zeroizing::new(key()), false, new_rng());
        let open = open.unwrap_or_else(|(_, _, _, e)| panic!("open: {e:?}"));
        match open.block_on() {
            Ok((rng, Ok(fs))) => Self { fs, rng: Some(rng) },
            Ok((_, Err((_, _, e)))) | Err(e) => panic!("open: {e:?}"),
        }
    }

    fn run<F>(&mut self, future: F) -> F::Output
    where
        F: cocoon_tpm_storage::fs::NvFsFuture<Fs> + Unpin,
    {
        let rng = self.rng.take().expect("generator");
        let wrapped = NvFsFutureAsCoreFuture::new(self.fs.clone(), future, rng);
        let (rng, output) = wrapped.block_on().unwrap_or_else(|e| panic!("{e:?}"));
        self.rng = Some(rng);
        output
    }

    fn begin(&mut self) -> <Fs as NvFs>::Transaction {
        let future = <Fs as NvFs>::start_transaction(&fs_ref(&self.fs), None);
        self.run(future).unwrap_or_else(|e| panic!("begin: {e:?}"))
    }

    fn commit(&mut self, transaction: <Fs as NvFs>::Transaction) {
        let future = <Fs as NvFs>::commit_transaction(&fs_ref(&self.fs), transaction, None, None, true);
        self.run(future).unwrap_or_else(|e| panic!("commit: {e:?}"));
    }

    /// All of them in one commit.
    pub fn write(&mut self, files: impl Iterator<Item = u64>, data: &[u8]) {
        let mut transaction = self.begin();
        for inode in files {
            let data = Zeroizing::new(data.to_vec());
            let future = <Fs as NvFs>::write_inode(&fs_ref(&self.fs), transaction, inode, 0, 0xFF, data);
            let (_, Ok((next, Ok(())))) = self.run(future) else {
                panic!("write failed");
            };
            transaction = next;
        }
        self.commit(transaction);
    }

    /// All files of the range in one commit.
    pub fn remove(&mut self, range: std::ops::RangeInclusive<u64>) {
        let transaction = self.begin();
        let cursor = <Fs as NvFs>::unlink_cursor(&fs_ref(&self.fs), transaction, range);
        let Ok(Ok(mut cursor)) = cursor else {
            panic!("cursor failed");
        };
        loop {
            let found;
            (cursor, found) = match self.run(cursor.next()) {
                Ok((cursor, Ok(found))) => (cursor, found),
                _ => panic!("remove failed"),
            };
            if found.is_none() {
                break;
            }
            cursor = match self.run(cursor.unlink_current_inode()) {
                Ok((cursor, Ok(()))) => cursor,
                _ => panic!("remove failed"),
            };
        }
        let transaction = cursor.into_transaction().unwrap_or_else(|e| panic!("{e:?}"));
        self.commit(transaction);
    }

    pub fn read(&mut self, inode: u64) -> usize {
        let future = <Fs as NvFs>::read_inode(&fs_ref(&self.fs), None, inode);
        match self.run(future) {
            Ok((_, Ok(Some((_, data))))) => data.len(),
            _ => panic!("read failed"),
        }
    }

    pub fn count_files(&mut self) -> usize {
        let future = <Fs as NvFs>::start_read_sequence(&fs_ref(&self.fs));
        let seq = self.run(future).unwrap_or_else(|e| panic!("{e:?}"));
        let context = NvFsReadContext::Committed { seq };
        let Ok(Ok(mut cursor)) = <Fs as NvFs>::enumerate_cursor(&fs_ref(&self.fs), context, 16..=u64::MAX) else {
            panic!("cursor failed");
        };
        let mut count = 0;
        loop {
            let found;
            (cursor, found) = match self.run(cursor.next()) {
                Ok((cursor, Ok(found))) => (cursor, found),
                _ => panic!("list failed"),
            };
            if found.is_none() {
                return count;
            }
            count += 1;
        }
    }
}
