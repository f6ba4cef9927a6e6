// svsm/testing/fault_device.h: a block device in memory that records what is written, fails on
// demand, and goes back to where it was.
//
//   testing::FaultDevice device(512, ByteVector(64 * 1024));
//   testing::DeviceLog log;
//   device.Record(&log);
//   ...                                        // what crash_states.h then cuts into pieces
//   device.FailNth(testing::kFailWrites, 3, testing::Failing::kOnce);
//   EXPECT_THAT(Commit(), IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
//
// Going back is copy-on-write in effect: Rewind() costs as much as was written since.
//
// Profile: hosted. Allocates: the image and the log, on the C++ heap. Threads: one object, one
// thread.
#ifndef SVSM_TESTING_FAULT_DEVICE_H_
#define SVSM_TESTING_FAULT_DEVICE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "svsm/core/block_device.h"
#include "svsm/core/hosted.h"

namespace svsm::testing {

enum class DeviceCall : std::uint8_t { kRead, kWrite, kBarrier, kFlush, kTrim };
inline constexpr std::size_t kNumDeviceCalls = 5;

// The finest pieces in which a write can be torn.
inline constexpr std::size_t kTearBytes = 128;

// One call that succeeded. Writes have their bytes in the log, from `data_at` on.
struct DeviceEvent {
  DeviceCall call = DeviceCall::kFlush;
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;
  std::size_t data_at = 0;
};

// Writes, trims, barriers and flushes in their order.
struct DeviceLog {
  std::vector<DeviceEvent> events;
  ByteVector data;

  ByteView DataOf(const DeviceEvent& event) const {
    return ByteView(data).subspan(event.data_at, event.size_bytes);
  }
  void Clear() {
    events.clear();
    data.clear();
  }
};

// Sets of calls, for FailNth().
inline constexpr unsigned CallBit(DeviceCall call) { return 1U << static_cast<unsigned>(call); }
inline constexpr unsigned kFailReads = CallBit(DeviceCall::kRead);
inline constexpr unsigned kFailWrites = CallBit(DeviceCall::kWrite);
inline constexpr unsigned kFailSyncs = CallBit(DeviceCall::kBarrier) | CallBit(DeviceCall::kFlush);
inline constexpr unsigned kFailAllWriting = kFailWrites | kFailSyncs | CallBit(DeviceCall::kTrim);

enum class Failing : std::uint8_t { kOnce, kFromThenOn };

// The detail of a failure on demand; its source is kSystem.
inline constexpr std::uint32_t kInjectedError = 5;

class FaultDevice final : public BlockDevice {
 public:
  // A power of two from 128 on; what of `image` does not fill a block is out of reach.
  FaultDevice(std::uint32_t block_size_bytes, ByteVector image);

  BlockGeometry Geometry() const override;
  Status Read(std::uint64_t first, ByteSpan out) override;
  Status Write(std::uint64_t first, ByteView in) override;
  Status Flush() override;
  Status Barrier() override;
  // Leaves bytes behind that depend on the position alone, as a device may.
  Status Trim(std::uint64_t first, std::uint64_t count) override;

  // Appends to `log`, which must stay until Record(nullptr).
  void Record(DeviceLog* log) { log_ = log; }

  // The `nth` call from now on (from 1) of those in the set `calls` fails with kIoError. A write
  // that fails has written its first half if `nth` is odd, and nothing otherwise. 0 ends all
  // failing.
  void FailNth(unsigned calls, std::uint64_t nth, Failing failing);
  // Whether a call has failed on demand since FailNth().
  bool has_failed() const { return has_failed_; }

  ByteView image() const { return image_; }
  // Tells images apart, with a chance of error of about 2^-64.
  std::uint64_t Fingerprint() const;
  // Changes bytes behind the back of whoever uses the device.
  void Poke(std::uint64_t offset_bytes, ByteView in);
  // Another image, of any size, to which Rewind() goes back.
  void SetBase(ByteView base);
  void Rewind();

  // Calls since the start or ResetCounts(), whether they succeeded or not, and bytes written.
  std::uint64_t count(DeviceCall call) const { return counts_[static_cast<std::size_t>(call)]; }
  std::uint64_t num_syncs() const {
    return count(DeviceCall::kBarrier) + count(DeviceCall::kFlush);
  }
  std::uint64_t written_bytes() const { return written_bytes_; }
  std::uint64_t read_bytes() const { return read_bytes_; }
  void ResetCounts();

 private:
  Status Begin(DeviceCall call);
  Status CheckRange(std::uint64_t first, std::size_t size) const;
  Status Sync(DeviceCall call);

  std::uint32_t block_size_;
  ByteVector base_;
  ByteVector image_;
  std::vector<std::uint8_t> touched_;     // a byte for each kTearBytes
  std::vector<std::uint32_t> to_rewind_;  // which are set
  DeviceLog* log_ = nullptr;
  unsigned failing_calls_ = 0;
  std::uint64_t fail_in_ = 0;
  std::uint64_t fail_nth_ = 0;
  Failing failing_ = Failing::kOnce;
  bool has_failed_ = false;
  std::array<std::uint64_t, kNumDeviceCalls> counts_{};
  std::uint64_t written_bytes_ = 0;
  std::uint64_t read_bytes_ = 0;
};

// Fills `out` with what a device shows where it was trimmed.
void FillTrimmed(std::uint64_t offset_bytes, ByteSpan out);

}  // namespace svsm::testing

#endif  // SVSM_TESTING_FAULT_DEVICE_H_
