// A file system over a device that can be cut and corrupted, and what should be in it.
#ifndef SVSM_TESTS_COCOONFS_MACHINE_H_
#define SVSM_TESTS_COCOONFS_MACHINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/symmetric.h"
#include "svsm/testing/fault_device.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {

struct FileState {
  std::uint8_t flags = 0;
  ByteVector data;
  friend bool operator==(const FileState&, const FileState&) = default;
};
using Contents = std::map<std::uint64_t, FileState>;

// What one commit changes: files with data are written, those without removed.
struct Change {
  std::uint64_t inode = 0;
  std::optional<FileState> state;
};
using Changes = std::vector<Change>;
void ApplyTo(Contents& contents, const Changes& changes);

// How a machine is set up.
struct MachineConfig {
  std::string name;
  ImageLayout layout;
  std::uint32_t device_block_bytes = 512;
  std::size_t image_bytes = 64 * 1024;
  bool trim = false;
  std::size_t aux_reserve = 0;
};
inline void PrintTo(const MachineConfig& config, std::ostream* os) { *os << config.name; }
// Names of configurations that tests go through: the default one, a device that tears at 128 bytes,
// 4 KiB blocks, all sizes different, and trimming.
std::vector<MachineConfig> MachineConfigs();

// The backend that the program is linked with.
const crypto::Symmetric& TestSymmetric();
ByteVector TestKey();

class Machine {
 public:
  explicit Machine(const MachineConfig& config);
  ~Machine() { Close(); }

  Status Format();
  Status Open() { return Open(OpenOptions{}); }
  Status Open(OpenOptions options);
  // The power goes: the object is forgotten, the device stays as it is.
  void Close() { fs_.reset(); }
  FileSystem& fs() { return *fs_; }

  // A transaction of all changes, prepared.
  Result<PendingCommit*> Prepare(const Changes& changes);
  Status Commit(const Changes& changes);
  Result<Contents> ReadContents();
  Status Verify();

  const MachineConfig& config() const { return config_; }
  testing::FaultDevice& device() { return device_; }
  TestAllocator& allocator() { return allocator_; }

 private:
  MachineConfig config_;
  TestAllocator allocator_;
  TestRng rng_;
  testing::FaultDevice device_;
  std::optional<FileSystem> fs_;
};

// All files of an open file system.
Result<Contents> ReadContents(FileSystem& fs);

// Bytes that tell from which file and version they are.
ByteVector TestData(std::uint64_t inode, std::uint64_t version, std::size_t size);

// The work whose every moment is cut: small and large files, written, written again in place and
// longer, removed, many at once. Some of its commits are to be cancelled.
struct ScriptStep {
  Changes changes;
  bool cancelled = false;
};
std::vector<ScriptStep> MixedScript(const MachineConfig& config, std::uint64_t seed);

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_MACHINE_H_
