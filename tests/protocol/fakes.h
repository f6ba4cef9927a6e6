// A machine for the protocol's tests: guest memory with an ownership map, the page instructions
// over it, a log of their order, and a count of how often each byte was read in a call.
#ifndef SVSM_TESTS_PROTOCOL_FAKES_H_
#define SVSM_TESTS_PROTOCOL_FAKES_H_

#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/strong.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/platform.h"

namespace svsm::protocol {

struct FakePage {
  PageKind kind = PageKind::kUnmapped;
  bool valid = false;
  std::array<bool, kNumVmpls> access{};  // per VMPL; 0 is not looked at
  bool vmsa = false;
  bool running = false;  // a CPU is on this VMSA
  bool faults = false;   // the host took it away
};

// Frames 0 to 0x4FF are the guest's, valid and accessible from VMPL 1 and 2, but for the SVSM's at
// 0x100 to 0x10F and the guest's not yet valid ones from 0x200 on (2M at 0x200 to 0x3FF). Above is
// nothing.
class FakeMachine final : public GuestMemory, public Platform {
 public:
  static constexpr std::size_t kFrames = 0x500;
  static constexpr std::size_t kFirstInvalid = 0x200;
  static constexpr std::size_t kFirstSvsm = 0x100;
  static constexpr std::size_t kEndSvsm = 0x110;

  FakeMachine()
      : storage_(static_cast<std::uint8_t*>(std::calloc(kFrames, kPageSize))),
        bytes_(storage_.get(), kFrames * kPageSize),
        pages_(kFrames) {
    for (std::size_t frame = 0; frame < kFrames; ++frame) {
      FakePage& page = pages_[frame];
      const bool svsm = frame >= kFirstSvsm && frame < kEndSvsm;
      page.kind = svsm ? PageKind::kSvsm : PageKind::kGuest;
      page.valid = svsm || frame < kFirstInvalid;
      page.access[1] = page.access[2] = !svsm && page.valid;
    }
  }

  static constexpr Gpa Frame(std::size_t frame) { return Gpa(frame * kPageSize); }
  FakePage& page(std::size_t frame) { return pages_[frame]; }

  // The guest's own mapping of its memory.
  ByteSpan Map(Gpa gpa, std::size_t size) { return bytes_.subspan(gpa.value(), size); }
  void Poke(Gpa gpa, ByteView bytes) {
    const std::lock_guard guard(mutex_);
    Copy(bytes_.subspan(gpa.value()), bytes);
  }
  template <typename T>
  T Peek(Gpa gpa) {
    const std::lock_guard guard(mutex_);
    return *wire::Read<T>(bytes_.subspan(gpa.value()));
  }
  void PokeVmsa(Gpa vmsa, std::uint8_t vmpl, std::uint64_t efer, std::uint64_t sev_features);

  // The steps that were done, one a line: "pvalidate 200 2M valid".
  std::vector<std::string> TakeSteps() {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> steps;
    steps.swap(steps_);
    return steps;
  }
  // The next call of that instruction ("pvalidate", "revoke", "grant", "setvmsa") returns this EAX.
  void FailNext(const std::string& instruction, std::uint32_t eax) {
    fail_next_[instruction] = eax;
  }
  bool zero_fails = false;
  int fail_vmsa_write_after = -1;  // so many more writes are done, then one fails

  // Forgets reads; then the highest count of any byte since.
  void StartCounting() {
    const std::lock_guard guard(mutex_);
    reads_.clear();
    writes_.clear();
  }
  unsigned MostReads() const;
  // The ranges that were written for a call since, as first byte and end.
  const std::vector<std::pair<std::uint64_t, std::uint64_t>>& writes() const { return writes_; }

  PageKind Classify(Gpa gpa) const override {
    const std::uint64_t frame = gpa.value() / kPageSize;
    return frame < kFrames ? pages_[frame].kind : PageKind::kUnmapped;
  }
  Status Read(Gpa from, ByteSpan out) const override;
  Status Write(Gpa to, ByteView bytes) override;

  PvalidateResult Pvalidate(Gpa gpa, PageSize size, PageState state) override;
  std::uint32_t Revoke(Gpa gpa, PageSize size) override;
  std::uint32_t Grant(Gpa gpa, PageSize size, Vmpl lowest) override;
  Status Zero(Gpa gpa, PageSize size) override;
  void FlushTlbs() override;
  std::uint32_t SetVmsa(Gpa vmsa) override;
  std::uint32_t ClearVmsa(Gpa vmsa) override;
  Status ReadVmsa(Gpa vmsa, std::uint32_t offset, ByteSpan out) const override;
  Status WriteVmsa(Gpa vmsa, std::uint32_t offset, ByteView bytes) override;

 private:
  bool Accessible(Gpa gpa, std::uint64_t size) const;
  void Step(const std::string& what, Gpa gpa, const std::string& rest);
  std::uint32_t Planned(const std::string& instruction);

  struct Freer {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t, Freer> storage_;  // zero pages that cost nothing until used
  ByteSpan bytes_;
  mutable std::vector<std::pair<std::uint64_t, std::uint64_t>> reads_;  // from, to
  std::vector<std::pair<std::uint64_t, std::uint64_t>> writes_;
  std::vector<FakePage> pages_;
  std::vector<std::string> steps_;
  std::map<std::string, std::uint32_t> fail_next_;
  mutable std::mutex mutex_;
};

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_FAKES_H_
