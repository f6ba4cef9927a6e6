// The host as enemy: it may change any byte at any time. What is read is right or refused; Verify()
// refuses whatever was changed, where it can be known.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "cocoonfs/file_system_state.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/machine.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::DeviceCall;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;

// No work on a small image needs more requests to the device: beyond, it would not end.
constexpr std::uint64_t kMaxReads = 20'000;

// Every bit is flipped, or with a slower backend one of each byte, each time another one.
#ifdef SVSM_FEWER_STATES
constexpr std::size_t kBitStep = 9;
#else
constexpr std::size_t kBitStep = 1;
#endif

class Hostile : public ::testing::Test {
 protected:
  Hostile() : machine_(Config()) {}

  static MachineConfig Config() {
    MachineConfig config;
    config.image_bytes = 20 * 1024;
    config.device_block_bytes = 128;
    config.aux_reserve = 256;
    return config;
  }

  // An image with files, an older one of it, and the contents of both.
  void SetUp() override {
    ASSERT_THAT(machine_.Format(), IsOk());
    ASSERT_THAT(machine_.Open(), IsOk());
    Commit({{16, FileState{1, TestData(16, 1, 40)}}, {17, FileState{2, TestData(17, 1, 1500)}}});
    Commit({{18, FileState{0, TestData(18, 1, 300)}}, {19, FileState{0, {}}}});
    old_image_ = ToVector(machine_.device().image());
    old_contents_ = contents_;
    Commit({{17, FileState{3, TestData(17, 2, 1500)}}, {18, std::nullopt}});
    Changes many;
    for (std::uint64_t i = 0; i < 9; ++i) {
      many.push_back({1000 + i, FileState{0, TestData(i, 1, 20 * i)}});
    }
    Commit(many);
    NameRegions();
    machine_.Close();
    image_ = ToVector(machine_.device().image());
    device_.SetBase(image_);
  }

  void NameRegions() {
    const Volume& volume = FileSystemAccess::StateOf(machine_.fs())->volume;
    const Bitmap& bitmap = volume.allocation.bitmap();
    for (std::uint64_t i = 0; i < bitmap.num_blocks(); ++i) {
      regions_.push_back(i < volume.places.end ? "headers"
                         : bitmap.Test(i)      ? "data"
                                               : "free space");
      if (volume.places.journal_head.Contains(i)) regions_.back() = "journal head";
      for (const Extent& extent : volume.aux.extents) {
        if (extent.Contains(i)) regions_.back() = "auxiliary metadata";
      }
    }
  }
  const std::string& RegionOf(std::size_t at) const { return regions_[at / 128]; }

  void Commit(const Changes& changes) {
    ASSERT_THAT(machine_.Commit(changes), IsOk());
    ApplyTo(contents_, changes);
  }

  enum class Outcome { kRefused, kRight, kWrong };

  // Opens and reads all that can be read, file by file. `allowed` is what may be seen as a whole.
  Outcome Read(FaultDevice& device, const Contents& allowed) {
    TestAllocator allocator;
    TestRng rng;
    FileSystem fs(device, TestSymmetric(), rng, allocator);
    device.ResetCounts();
    verified_ = false;
    const Status status = fs.Open(TestKey(), OpenOptions{});
    if (!status.ok()) return Limited(device, Outcome::kRefused);
    Outcome outcome = ReadFiles(fs, allowed);
    VerifyReport report;
    verified_ = Verify(fs, report).ok();
    return Limited(device, outcome);
  }

  Outcome Limited(const FaultDevice& device, Outcome outcome) {
    EXPECT_LT(device.count(DeviceCall::kRead), kMaxReads) << "no end in sight";
    return outcome;
  }

  Outcome ReadFiles(FileSystem& fs, const Contents& allowed) {
    Outcome outcome = Outcome::kRight;
    std::size_t found = 0;
    FileEntry entries[8];
    std::uint64_t from = kMinUserInode;
    for (;;) {
      const Result<std::size_t> n = fs.List(from, entries);
      if (!n.ok()) outcome = Outcome::kRefused;
      if (!n.ok() || *n == 0) break;
      for (std::size_t i = 0; i < *n; ++i) {
        const auto file = allowed.find(entries[i].inode);
        if (file == allowed.end() || file->second.flags != entries[i].flags) {
          return Outcome::kWrong;
        }
      }
      found += *n;
      from = entries[*n - 1].inode + 1;
    }
    if (outcome == Outcome::kRight && found != allowed.size()) return Outcome::kWrong;
    for (const auto& [inode, file] : allowed) {
      ByteVector out(file.data.size() + 1);
      const Result<std::size_t> size = fs.ReadAll(inode, out);
      if (size.ok()) {
        out.resize(*size);
        if (out != file.data) return Outcome::kWrong;
      } else if (size.status().code() == Code::kNotFound) {
        return Outcome::kWrong;
      } else {
        outcome = Outcome::kRefused;
      }
    }
    return outcome;
  }

  // A block of the device is replaced. Nothing wrong may be seen.
  void ExpectNothingWrong(const Contents& allowed, const std::string& what) {
    const Outcome outcome = Read(device_, allowed);
    EXPECT_NE(outcome, Outcome::kWrong) << what;
    EXPECT_FALSE(verified_ && outcome == Outcome::kRefused) << what << ": Verify() sees nothing";
  }

  Machine machine_;
  FaultDevice device_{128, {}};
  Contents contents_, old_contents_;
  ByteVector image_, old_image_;
  std::vector<std::string> regions_;  // of each block
  bool verified_ = false;
};

TEST_F(Hostile, TheImageItselfIsRight) {
  EXPECT_EQ(Read(device_, contents_), Outcome::kRight);
  EXPECT_TRUE(verified_);
}

// An old image as a whole is accepted by design: to notice is a ledger's work.
TEST_F(Hostile, AnOldImageAsAWholeIsAccepted) {
  device_.SetBase(old_image_);
  EXPECT_EQ(Read(device_, old_contents_), Outcome::kRight);
  EXPECT_TRUE(verified_);
}

TEST_F(Hostile, EveryFlippedBitIsRefusedOrHarmless) {
  std::map<std::string, std::size_t> undetected;
  std::size_t detected = 0;
  for (std::size_t bit = 0; bit < 8 * image_.size(); bit += kBitStep) {
    const std::size_t at = bit / 8;
    const ByteVector flipped = {static_cast<std::uint8_t>(image_[at] ^ 1U << bit % 8)};
    device_.Poke(at, flipped);
    const Outcome outcome = Read(device_, contents_);
    device_.Rewind();
    ASSERT_NE(outcome, Outcome::kWrong) << "bit " << bit;
    if (outcome == Outcome::kRefused || !verified_) {
      ++detected;
    } else {
      ++undetected[RegionOf(at)];
    }
    ASSERT_FALSE(outcome == Outcome::kRefused && verified_) << "bit " << bit;
  }
  std::printf("hostile: %zu bits flipped, %zu refused", (8 * image_.size() - 1) / kBitStep + 1,
              detected);
  for (const auto& [region, count] : undetected) {
    std::printf(", %zu in %s not", count, region.c_str());
    // Nobody looks at a journal's head that is none: it is a free place that is kept.
    EXPECT_TRUE(region == "auxiliary metadata" || region == "free space" ||
                region == "journal head")
        << region;
  }
  std::printf("\n");
}

TEST_F(Hostile, TwoBlocksInEachOthersPlaceAreRefused) {
  const std::size_t unit = machine_.config().layout.io_block_bytes();
  std::size_t swaps = 0;
  for (std::size_t size : {unit, std::size_t{128}}) {
    for (std::size_t a = 0; a < image_.size(); a += size) {
      // All pairs of IO blocks; a smaller block with each seventh other.
      for (std::size_t b = a + size; b < image_.size(); b += size == unit ? size : 7 * size) {
        device_.Poke(a, ByteView(image_).subspan(b, size));
        device_.Poke(b, ByteView(image_).subspan(a, size));
        ExpectNothingWrong(contents_, std::to_string(a) + " and " + std::to_string(b));
        device_.Rewind();
        ++swaps;
      }
    }
  }
  std::printf("hostile: %zu pairs of blocks exchanged\n", swaps);
}

TEST_F(Hostile, AnOldBlockInANewImageIsRefused) {
  std::size_t replayed = 0;
  for (std::size_t size :
       {std::size_t{128}, std::size_t{512}, std::size_t{1024}, std::size_t{4096}}) {
    for (std::size_t at = 0; at < image_.size(); at += size) {
      if (std::equal(image_.begin() + static_cast<std::ptrdiff_t>(at),
                     image_.begin() + static_cast<std::ptrdiff_t>(at + size),
                     old_image_.begin() + static_cast<std::ptrdiff_t>(at))) {
        continue;
      }
      device_.Poke(at, ByteView(old_image_).subspan(at, size));
      ExpectNothingWrong(contents_, "old block at " + std::to_string(at));
      device_.Rewind();
      ++replayed;
    }
  }
  std::printf("hostile: %zu old blocks put back\n", replayed);
}

TEST_F(Hostile, SplicedImagesAreRefused) {
  // Of the same image at two times, and of another image with the same key.
  MachineConfig config = Config();
  Machine other(config);
  ASSERT_THAT(other.Format(), IsOk());
  ASSERT_THAT(other.Open(), IsOk());
  ASSERT_THAT(other.Commit({{16, FileState{9, TestData(99, 9, 2500)}}}), IsOk());
  const ByteVector foreign = ToVector(other.device().image());
  for (const ByteVector* second : std::array<const ByteVector*, 2>{&old_image_, &foreign}) {
    for (std::size_t at = 128; at < image_.size(); at += 128) {
      device_.Poke(at, ByteView(*second).subspan(at));
      // As a whole, either image is accepted.
      if (!Equal(device_.image(), image_) && !Equal(device_.image(), *second)) {
        ExpectNothingWrong(contents_, "from " + std::to_string(at) + " on");
      }
      device_.Rewind();
    }
  }
}

TEST_F(Hostile, TruncatedAndExtendedImagesAreRefusedOrRight) {
  for (std::size_t size = 0; size <= image_.size(); size += 512) {
    FaultDevice device(
        128, ByteVector(image_.begin(), image_.begin() + static_cast<std::ptrdiff_t>(size)));
    const Outcome outcome = Read(device, contents_);
    EXPECT_EQ(outcome, size == image_.size() ? Outcome::kRight : Outcome::kRefused) << size;
  }
  ByteVector longer = image_;
  longer.resize(2 * image_.size(), 0xA5);
  FaultDevice device(128, longer);
  EXPECT_EQ(Read(device, contents_), Outcome::kRight);
  EXPECT_TRUE(verified_);
}

TEST_F(Hostile, AnotherGeometryIsRefusedOrRight) {
  for (const std::uint32_t block : {128U, 256U, 512U, 1024U, 4096U, 32768U}) {
    FaultDevice device(block, image_);
    const Outcome outcome = Read(device, contents_);
    EXPECT_EQ(outcome, block <= 512 ? Outcome::kRight : Outcome::kRefused) << block;
  }
}

// A device that says something else at the n-th request, and only then.
class FickleDevice final : public BlockDevice {
 public:
  FickleDevice(FaultDevice& device, std::uint64_t nth, std::uint64_t seed)
      : device_(device), nth_(nth), rng_(seed) {}
  BlockGeometry Geometry() const override {
    BlockGeometry geometry = device_.Geometry();
    if (lies_about_size_ && ++asked_ > 1) geometry.num_blocks *= 1000;
    return geometry;
  }
  Status Read(std::uint64_t first, ByteSpan out) override {
    if (const Status status = device_.Read(first, out); !status.ok()) return status;
    if (++reads_ == nth_)
      out[rng_.Below(out.size())] ^= static_cast<std::uint8_t>(1 + rng_.Below(255));
    return OkStatus();
  }
  Status Write(std::uint64_t first, ByteView in) override { return device_.Write(first, in); }
  Status Flush() override { return device_.Flush(); }
  Status Trim(std::uint64_t first, std::uint64_t count) override {
    return device_.Trim(first, count);
  }
  std::uint64_t reads() const { return reads_; }
  void LieAboutSize() { lies_about_size_ = true; }

 private:
  FaultDevice& device_;
  std::uint64_t nth_;
  std::uint64_t reads_ = 0;
  TestRng rng_;
  bool lies_about_size_ = false;
  mutable std::uint64_t asked_ = 0;
};

TEST_F(Hostile, ADeviceThatChangesItsMindIsRefusedOrHarmless) {
  for (std::uint64_t nth = 1;; ++nth) {
    bool reached = false;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      FickleDevice device(device_, nth, nth * 100 + seed);
      TestAllocator allocator;
      TestRng rng;
      FileSystem fs(device, TestSymmetric(), rng, allocator);
      if (fs.Open(TestKey(), OpenOptions{}).ok()) {
        EXPECT_NE(ReadFiles(fs, contents_), Outcome::kWrong) << nth << ", " << seed;
      }
      reached = device.reads() >= nth;
    }
    if (!reached) break;
  }
}

// What is read for a commit is checked before it goes into new digests: a commit over a corrupted
// image fails, or what it leaves is as refused as before, never blessed.
TEST_F(Hostile, ACommitDoesNotBlessWhatWasChanged) {
  for (std::size_t at = 0; at < image_.size(); at += 64) {
    const ByteVector flipped = {static_cast<std::uint8_t>(image_[at] ^ 0x10)};
    device_.Poke(at, flipped);
    TestAllocator allocator;
    TestRng rng(at);
    const Change change{1005, FileState{0, TestData(5, 2, 90)}};
    Contents next = contents_;
    ApplyTo(next, {change});
    bool committed = false;
    {
      FileSystem fs(device_, TestSymmetric(), rng, allocator);
      if (fs.Open(TestKey(), OpenOptions{}).ok()) {
        if (const Result<Transaction*> t = fs.Begin(); t.ok()) {
          Status status = (*t)->Write(change.inode, change.state->data, change.state->flags);
          if (status.ok()) {
            const Result<PendingCommit*> commit = (*t)->Prepare();
            committed = commit.ok() && (*commit)->Apply().ok();
          }
        }
      }
    }
    // Either the old or the new state may be there; each file of it is right or refused.
    const Outcome outcome = Read(device_, committed ? next : contents_);
    EXPECT_NE(outcome, Outcome::kWrong) << at << (committed ? ", committed" : "");
    EXPECT_FALSE(verified_ && outcome == Outcome::kRefused) << at;
    device_.Rewind();
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
