// svsm/conformance/pipe_subject.h: an SVSM behind a program that speaks lines of text: the way to
// test one that is written in another language or runs in a VM.
//
//   SVSM_ASSIGN_OR_RETURN(auto subject, PipeSubject::Start({"./adapter", "--vm", "1"}));
//
// The program reads a request from its standard input and answers it on its standard output, a line
// each; numbers and bytes are hexadecimal without 0x:
//
//   reset                              ok
//   place NAME                         ok NUMBER | none
//   read ADDRESS SIZE                  ok BYTES | fault
//   write ADDRESS BYTES                ok | fault
//   call VMSA RAX RCX RDX R8 R9        ok RAX RCX RDX R8 R9 | gone | none
//
// "gone" is kConnectionClosed and "none" kUnsupported or kNotFound, as Subject says them. Any other
// answer ends the run. At the end of its input the program ends.
//
// Profile: hosted. Allocates: yes. Threads: one.
#ifndef SVSM_CONFORMANCE_PIPE_SUBJECT_H_
#define SVSM_CONFORMANCE_PIPE_SUBJECT_H_

#include <memory>
#include <string>
#include <vector>

#include "svsm/conformance/subject.h"

namespace svsm::conformance {

// The most bytes of one line.
inline constexpr std::size_t kMaxPipeLine = 1 << 20;

class PipeSubject final : public Subject {
 public:
  // Starts a program with these words. Errors: kInvalidArgument (no words), kIoError (detail =
  // errno). A program that cannot be found ends at once, which the first request finds out.
  static Result<std::unique_ptr<PipeSubject>> Start(const std::vector<std::string>& words);
  PipeSubject(const PipeSubject&) = delete;
  PipeSubject& operator=(const PipeSubject&) = delete;
  // Closes the program's input and waits for its end.
  ~PipeSubject();

  // Subject. Besides its errors: kIoError (detail = errno, 0: the program has ended), kMalformed
  // (an answer that is none of those above; detail = its first four characters, big-endian).
  Status Reset() override;
  Result<std::uint64_t> Place(const std::string& name) override;
  Status Read(Gpa from, ByteSpan out) override;
  Status Write(Gpa to, ByteView bytes) override;
  Status Call(Gpa vmsa, protocol::CallRegisters& registers) override;

 private:
  PipeSubject(int pid, int socket) : pid_(pid), socket_(socket) {}
  // Sends a line and gives the words of the answer, at least one.
  Result<std::vector<std::string>> Ask(const std::string& line);
  Result<std::string> ReadLine();

  int pid_;
  int socket_;
  std::string unread_;
};

}  // namespace svsm::conformance

#endif  // SVSM_CONFORMANCE_PIPE_SUBJECT_H_
