// An SVSM built from this library's parts, in this process, as a subject of the conformance runner:
// simulated memory, dispatcher, all services, and a TPM.
#ifndef SVSM_TOOLS_SVSM_CONFORMANCE_OWN_SVSM_H_
#define SVSM_TOOLS_SVSM_CONFORMANCE_OWN_SVSM_H_

#include <memory>
#include <string>

#include "svsm/conformance/subject.h"
#include "svsm/core/hosted.h"
#include "svsm/core/lock.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/service.h"

namespace svsm::conformance {

class OwnSvsm final : public Subject {
 public:
  // One lives in a process at a time. Errors: those of LibtpmsEngine.
  static Result<std::unique_ptr<OwnSvsm>> Create();
  OwnSvsm(const OwnSvsm&) = delete;
  OwnSvsm& operator=(const OwnSvsm&) = delete;
  ~OwnSvsm();

  Status Reset() override;
  Result<std::uint64_t> Place(const std::string& name) override;
  Status Read(Gpa from, ByteSpan out) override;
  Status Write(Gpa to, ByteView bytes) override;
  Status Call(Gpa vmsa, protocol::CallRegisters& registers) override;

  // Whether the page state was changed in an order that a careful SVSM does not use.
  bool has_violations() const;

 private:
  struct Guest;
  OwnSvsm();

  MemoryStateStore store_;
  sim::SeededRng rng_{1};
  crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  std::unique_ptr<vtpm::LibtpmsEngine> engine_;
  MutexLock tpm_lock_;
  vtpm::VtpmWorkArea tpm_work_{};
  ByteVector workspace_;
  std::unique_ptr<Guest> guest_;
};

}  // namespace svsm::conformance

#endif  // SVSM_TOOLS_SVSM_CONFORMANCE_OWN_SVSM_H_
