// svsm/sim/host.h: the host between guests and the AMD-SP, honest or not.
//
//   Host host(sp, seed);
//   host.Plan({HostMove::kBusy, HostMove::kBusy, HostMove::kReplayResponse});
//   GuestPort port(host, guest);                     // a snp::GuestMessageTransport
//
// A plan names a move for each of the next exchanges; after its end the host is honest. Where a
// move needs a choice (which bit to flip), it comes from the seed, so a run can be repeated.
//
// Profile: hosted. Allocates: yes. Threads: any, at once; exchanges go one after the other.
#ifndef SVSM_SIM_HOST_H_
#define SVSM_SIM_HOST_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/sim/amd_sp.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/snp/guest_message_transport.h"

namespace svsm::sim {

// What the host does with one exchange. "Forwards" means that the AMD-SP saw the request and moved
// its counter on.
enum class HostMove : std::uint8_t {
  kHonest,
  kBusy,             // does not forward, says BUSY
  kDropRequest,      // does not forward, says success with an empty response page
  kDropResponse,     // forwards, says success with an empty response page
  kFail,             // does not forward, and the exit itself fails
  kReplayResponse,   // forwards, and gives the response before this one
  kReplayRequest,    // forwards the request before this one instead
  kSwapResponse,     // forwards, and gives the last response to another guest or VMPCK
  kCorruptRequest,   // flips a bit of the request's payload, then forwards
  kCorruptHeader,    // forwards, and flips a bit in the response's authenticated header
  kCorruptTag,       // forwards, and flips a bit in the response's tag
  kCorruptPayload,   // forwards, and flips a bit in the response's payload
  kWrongLength,      // forwards, and makes the response's header speak of fewer bytes
  kTruncate,         // forwards, and cuts the response page off in the middle of its payload
  kFirmwareError,    // does not forward, claims that the firmware said INVALID_PARAM
  kUnknownVmmError,  // does not forward, says an error that no document knows
  kInvalidLength,    // does not forward, claims that certificates need a billion pages
  kMutateTable,      // forwards, and changes the entries of the certificate table on its way
};
inline constexpr std::size_t kNumHostMoves = 18;
// The name without its `k`, a static string.
const char* HostMoveName(HostMove move);

// Whether the host runs VMPL 0 when a guest asks for it.
enum class SvsmScheduling : std::uint8_t { kRuns, kNeverRuns };

class Host final {
 public:
  // Borrows `sp` for the object's life.
  Host(AmdSp& sp, std::uint64_t seed) : sp_(sp), rng_(seed) {}

  // Replaces what is left of the plan.
  void Plan(std::vector<HostMove> moves);
  // A plan of `count` moves drawn from the seed, each kind as likely as the others.
  void PlanAtRandom(std::size_t count);

  // The certificate table for extended requests; empty: there is none.
  void SetCertificates(ByteView table);

  void SetScheduling(SvsmScheduling scheduling);
  SvsmScheduling scheduling() const;

  // One guest request, as the next move of the plan wants it.
  Result<snp::GuestRequestOutcome> Exchange(GuestHandle guest,
                                            FixedView<snp::kGuestMessageSize> request,
                                            FixedSpan<snp::kGuestMessageSize> response,
                                            ByteSpan certificates);

  // The moves made so far.
  std::vector<HostMove> made() const;

 private:
  using Page = Bytes<snp::kGuestMessageSize>;
  // What the host remembers of an exchange, with the number of its VMPCK.
  struct Seen {
    GuestHandle guest;
    std::uint8_t vmpck = 0;
    Page request{};
    Page response{};
  };
  const Seen* LastOf(GuestHandle guest, std::uint8_t vmpck) const;
  const Seen* LastOfAnother(GuestHandle guest, std::uint8_t vmpck) const;
  void Remember(const Seen& seen);
  void FlipBit(ByteSpan bytes);
  static ByteSpan PayloadOf(FixedSpan<snp::kGuestMessageSize> page);
  snp::GuestRequestOutcome Forward(HostMove move, GuestHandle guest,
                                   FixedView<snp::kGuestMessageSize> request,
                                   FixedSpan<snp::kGuestMessageSize> response,
                                   ByteSpan certificates);
  void MutateTable(ByteSpan table);
  void Tamper(HostMove move, const Seen& now, FixedSpan<snp::kGuestMessageSize> response);

  AmdSp& sp_;
  mutable std::mutex mutex_;
  SeededRng rng_;
  std::deque<HostMove> plan_;
  std::vector<HostMove> made_;
  std::vector<Seen> seen_;
  ByteVector certificates_;
  SvsmScheduling scheduling_ = SvsmScheduling::kRuns;
};

// One guest's way to the AMD-SP. Threads: any, at once.
class GuestPort final : public snp::GuestMessageTransport {
 public:
  // Borrows `host`.
  GuestPort(Host& host, GuestHandle guest) : host_(host), guest_(guest) {}
  Result<snp::GuestRequestOutcome> Exchange(FixedView<snp::kGuestMessageSize> request,
                                            FixedSpan<snp::kGuestMessageSize> response,
                                            ByteSpan certificates) override {
    return host_.Exchange(guest_, request, response, certificates);
  }

 private:
  Host& host_;
  GuestHandle guest_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_HOST_H_
