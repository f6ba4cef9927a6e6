// svsm/testing/crash_states.h: what a device may hold after a power cut, from a recorded log.
//
//   testing::CrashStates states(base_image, log, options);
//   states.ForEach(device, [&](const testing::CrashState& state) {
//     return CheckRecovery(device, state);
//   });
//
// Between two barriers (or flushes) a device may have kept any part of what was written, in any
// order; nothing that came after a barrier is kept unless all before it is. So a state is: all
// writes of the epochs before one, any part of that epoch's, nothing later. A trim counts as a
// write of other bytes.
//
// For each epoch: every prefix of its writes; the next write torn at every 128 bytes, from its
// front and from its back; every subset of its writes where there are few, else all but one, one
// alone and seeded subsets; and seeded subsets of the 128-byte pieces.
//
// Profile: hosted. Allocates: the C++ heap. Threads: one object, one thread.
#ifndef SVSM_TESTING_CRASH_STATES_H_
#define SVSM_TESTING_CRASH_STATES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "svsm/testing/fault_device.h"

namespace svsm::testing {

inline constexpr std::size_t kNoEvent = ~std::size_t{0};

struct CrashOptions {
  // All subsets of an epoch's writes up to this many.
  std::size_t max_exhaustive_writes = 5;
  // Seeded states of each epoch: subsets of its writes, and subsets of its pieces.
  std::size_t write_samples = 8;
  std::size_t piece_samples = 8;
  // Tears at every 128 bytes; otherwise at the front, middle and back piece.
  bool tear_everywhere = true;
  std::uint64_t seed = 1;
  // This barrier or flush (its index in the log) orders nothing.
  std::size_t ignored_order = kNoEvent;
  // This flush makes nothing durable, though it orders.
  std::size_t ignored_durability = kNoEvent;
  // Only states of the epoch that holds this event, or ends with it.
  std::size_t only_around = kNoEvent;
};

struct CrashState {
  std::size_t epoch = 0;
  // Nothing of the log from here on is on the device.
  std::size_t end_event = 0;
  // The power was there for the events below this one at the latest: the next flush had not ended.
  // What was said to be durable before it must be there.
  std::size_t last_moment = 0;
};

class CrashStates {
 public:
  // Keeps both, which must outlive the object.
  CrashStates(ByteView base, const DeviceLog& log, const CrashOptions& options);

  // Gives `device` the bytes of each state and calls `visit`, until that returns false. Returns the
  // number of states visited. The device may be written to between them.
  std::size_t ForEach(FaultDevice& device, const std::function<bool(const CrashState&)>& visit);

  std::size_t num_epochs() const { return epochs_.size(); }

 private:
  struct Epoch {
    std::size_t begin = 0;  // events
    std::size_t end = 0;
    std::size_t last_moment = 0;
    std::vector<std::size_t> writes;  // and trims
  };
  struct Visit;

  void FindEpochs();
  bool VisitCuts(Visit& visit, const Epoch& epoch) const;
  bool VisitTears(Visit& visit, const Epoch& epoch, std::size_t count) const;
  bool VisitSubsets(Visit& visit, const Epoch& epoch) const;
  bool VisitPieces(Visit& visit, const Epoch& epoch) const;
  void Apply(FaultDevice& device, const DeviceEvent& event, std::size_t begin,
             std::size_t end) const;

  ByteView base_;
  const DeviceLog& log_;
  CrashOptions options_;
  std::vector<Epoch> epochs_;
};

}  // namespace svsm::testing

#endif  // SVSM_TESTING_CRASH_STATES_H_
