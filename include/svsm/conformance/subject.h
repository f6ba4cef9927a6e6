// svsm/conformance/subject.h: an SVSM under test, as the conformance runner sees it: the guest's
// memory, and a vCPU that leaves the guest with a call.
//
//   class Coconut final : public conformance::Subject { ... };
//   Coconut subject;
//   conformance::Runner runner(subject, sha512);
//   Report(runner.Run(vectors[0]));
//
// One class puts any SVSM under test: in this process, in a VM behind a debug port, or in a program
// of its own (pipe_subject.h). It plays the guest and the host, and judges nothing.
//
// Profile: hosted. Allocates: as the implementation says. Threads: one.
#ifndef SVSM_CONFORMANCE_SUBJECT_H_
#define SVSM_CONFORMANCE_SUBJECT_H_

#include <cstdint>
#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/registers.h"

namespace svsm::conformance {

// Places that vectors name. All are addresses of 4K pages but the numbers at the end.
//   vmsa           VMSA of the startup vCPU
//   area           its calling area after Reset()
//   free           first of 64 pages in a row that the guest may use, validated
//   svsm           a page of the SVSM's own memory
//   hole           a page where there is no memory
//   large          2 MiB, aligned, validated, the guest's, which hardware holds as one large page
//   split          the same, held as small pages
//   vmpl           of the startup vCPU
//   stronger_vmpl  one that is more privileged than that, but not 0
//   efer           what the EFER of a new VMSA may be, SVME included
//   features       what the SEV_FEATURES of a new VMSA must be
class Subject {
 public:
  // Ends the guest, if there is one, and starts another, with one vCPU. What its free pages hold is
  // of no importance. Errors: the implementation's; the run ends.
  virtual Status Reset() = 0;

  // The number that a name stands for. Errors: kNotFound: this SVSM has no such place, and the
  // cases that need it are skipped.
  virtual Result<std::uint64_t> Place(const std::string& name) = 0;

  // Copies as the guest does, at its VMPL. Errors: kOutOfRange: the guest has no access to some of
  // the bytes now.
  virtual Status Read(Gpa from, ByteSpan out) = 0;
  virtual Status Write(Gpa to, ByteView bytes) = 0;

  // Loads the registers into the vCPU with this VMSA, leaves through VMGEXIT with a request to run
  // VMPL 0, and stores them when the vCPU is back. CALL_PENDING is the runner's to set.
  // Errors: kConnectionClosed (the vCPU does not come back: it is deleted, or its guest was ended),
  // kUnsupported (it cannot be run here: the case is skipped), and the implementation's.
  virtual Status Call(Gpa vmsa, protocol::CallRegisters& registers) = 0;

 protected:
  ~Subject() = default;
};

}  // namespace svsm::conformance

#endif  // SVSM_CONFORMANCE_SUBJECT_H_
