// svsm/sim/outside.h: all that comes from outside into a boot, through one place that records it,
// or gives it again.
//
//   Outside outside(rng, clock);                        // record; or Outside(recording, nullptr)
//   AmdSp sp(std::move(chip), state, outside.rng());
//   ...
//   RecordedPort port(outside, machine.port());
//   snp::GuestMessageSession session(aead, std::move(key), port, outside.clock(), {});
//   SVSM_TRY(session.Attest(report_data, report, {}).status());
//   outside.NoteResult("report", report);
//   SVSM_TRY(outside.Finish());
//
// In a replay nothing outside is asked. Each question must be the recorded one, in its order, down
// to the bits of every message; the first that is not is named, and from then on nothing is
// answered. So a boot that ends as recorded went as recorded.
//
// Profile: hosted. Allocates: yes. Threads: one: the order of events is what is recorded.
#ifndef SVSM_SIM_OUTSIDE_H_
#define SVSM_SIM_OUTSIDE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/rng.h"
#include "svsm/sim/recording.h"
#include "svsm/snp/guest_message_transport.h"

namespace svsm::sim {

class Outside final {
 public:
  // Records. All random bytes, and what the CPU's instructions would give, come from `secrets`.
  // Borrows both for the object's life.
  Outside(crypto::Rng& secrets, Clock& clock);
  // Replays. `secrets` stands in for what is redacted: the generator of the recorded boot, from its
  // seed; null: there is none. Borrowed for the object's life.
  Outside(Recording recording, crypto::Rng* secrets);
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;

  bool replays() const { return clock_source_ == nullptr; }
  // Of a recording: what the boot begins with.
  void SetSetting(std::string_view setting) { recording_.setting = setting; }
  const Recording& recording() const { return recording_; }

  // The seams. In a replay that has left the recording the generator fails with status(), the CPU
  // gives nothing, and time stands still.
  crypto::Rng& rng() { return rng_; }
  crypto::CpuRandom& cpu() { return cpu_; }
  Clock& clock() { return clock_; }

  // Something that the boot made: recorded, or compared with what was.
  void NoteResult(std::string_view name, ByteView bytes);

  // kDataLoss: the replay left the recording, detail = index of the event. kFailedPrecondition: an
  // event is redacted and there are no secrets, detail likewise. Recording: what the generator
  // failed with.
  Status status() const { return status_; }
  // status(), and kDataLoss (detail = index) if the replay ended before the recording.
  Status Finish() const;

 private:
  friend class RecordedPort;

  class Random final : public crypto::Rng {
   public:
    explicit Random(Outside& outside) : outside_(outside) {}
    Status Generate(ByteSpan out) override;

   private:
    Outside& outside_;
  };
  class Cpu final : public crypto::CpuRandom {
   public:
    explicit Cpu(Outside& outside) : outside_(outside) {}
    bool HasRdSeed() const override { return true; }
    bool HasRdRand() const override { return true; }
    bool RdSeed(std::uint64_t& word) override { return outside_.CpuWord(0, word); }
    bool RdRand(std::uint64_t& word) override { return outside_.CpuWord(1, word); }

   private:
    Outside& outside_;
  };
  class Time final : public Clock {
   public:
    explicit Time(Outside& outside) : outside_(outside) {}
    std::uint64_t MonotonicMs() const override;
    std::int64_t UnixSeconds() const override;
    void SleepMs(std::uint64_t milliseconds) override;

   private:
    Outside& outside_;
  };

  Status Diverge(Code code);
  void Record(EventKind kind, ByteView asked, ByteView answer);
  // The recorded answer to this question, which becomes the last one.
  Result<ByteView> Recall(EventKind kind, ByteView asked);
  Status Restore(RecordedEvent& event);
  bool CpuWord(std::uint8_t which, std::uint64_t& word);
  std::uint64_t Moment(EventKind kind, std::uint64_t now);

  Recording recording_;
  crypto::Rng* secrets_;
  Clock* clock_source_;  // null in a replay
  std::size_t next_ = 0;
  Status status_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t last_unix_s_ = 0;
  Random rng_{*this};
  Cpu cpu_{*this};
  Time clock_{*this};
};

// A guest's way to the AMD-SP, recorded or replayed.
class RecordedPort final : public snp::GuestMessageTransport {
 public:
  // Borrows both. `inner` is not asked in a replay.
  RecordedPort(Outside& outside, snp::GuestMessageTransport& inner)
      : outside_(outside), inner_(inner) {}
  // Errors: those of `inner`, as recorded; Outside::status() in a replay that has left the
  // recording.
  Result<snp::GuestRequestOutcome> Exchange(FixedView<snp::kGuestMessageSize> request,
                                            FixedSpan<snp::kGuestMessageSize> response,
                                            ByteSpan certificates) override;

 private:
  Outside& outside_;
  snp::GuestMessageTransport& inner_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_OUTSIDE_H_
