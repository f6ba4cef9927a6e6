#include "svsm/conformance/pipe_subject.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <sstream>

#include "svsm/core/hosted.h"

namespace svsm::conformance {
namespace {

Status System(int error) {
  return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(error));
}

Status Malformed(const std::string& answer) {
  std::uint32_t first = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    first = first << 8 | (i < answer.size() ? static_cast<unsigned char>(answer[i]) : 0u);
  }
  return Status(Code::kMalformed, Source::kProtocol, first);
}

std::string Digits(std::uint64_t value) {
  char digits[16];
  return std::string(digits, std::to_chars(digits, digits + sizeof(digits), value, 16).ptr);
}

Result<std::uint64_t> Number(const std::string& digits) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const std::from_chars_result parsed = std::from_chars(digits.data(), end, value, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return Malformed(digits);
  return value;
}

// The child's side after fork(): only what is allowed there.
[[noreturn]] void Become(int end, char* const* argv) {
  if (::dup2(end, STDIN_FILENO) >= 0 && ::dup2(end, STDOUT_FILENO) >= 0) ::execvp(argv[0], argv);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<PipeSubject>> PipeSubject::Start(const std::vector<std::string>& words) {
  if (words.empty()) return Status(Code::kInvalidArgument, Source::kProtocol);
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  for (std::string& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  // A socket, because writing to one that is closed need not raise a signal.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return System(errno);
  const pid_t pid = ::fork();
  if (pid == 0) Become(ends[1], argv.data());
  const int error = errno;
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return System(error);
  }
  return std::unique_ptr<PipeSubject>(new PipeSubject(pid, ends[0]));
}

PipeSubject::~PipeSubject() {
  ::close(socket_);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<std::string> PipeSubject::ReadLine() {
  while (true) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (unread_.size() > kMaxPipeLine) return Malformed(unread_);
    char bytes[4096];
    const ssize_t size = ::read(socket_, bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return System(errno == ECONNRESET ? 0 : errno);
    if (size == 0) return System(0);
    unread_.append(bytes, static_cast<std::size_t>(size));
  }
}

Result<std::vector<std::string>> PipeSubject::Ask(const std::string& request) {
  const std::string line = request + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t size = ::send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return System(errno == EPIPE || errno == ECONNRESET ? 0 : errno);
    sent += static_cast<std::size_t>(size);
  }
  SVSM_ASSIGN_OR_RETURN(const std::string answer, ReadLine());
  std::istringstream stream(answer);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  if (words.empty()) return Malformed(answer);
  return words;
}

Status PipeSubject::Reset() {
  SVSM_ASSIGN_OR_RETURN(const std::vector<std::string> words, Ask("reset"));
  return words.size() == 1 && words[0] == "ok" ? OkStatus() : Malformed(words[0]);
}

Result<std::uint64_t> PipeSubject::Place(const std::string& name) {
  SVSM_ASSIGN_OR_RETURN(const std::vector<std::string> words, Ask("place " + name));
  if (words.size() == 1 && words[0] == "none") return Status(Code::kNotFound, Source::kProtocol);
  if (words.size() != 2 || words[0] != "ok") return Malformed(words[0]);
  return Number(words[1]);
}

Status PipeSubject::Read(Gpa from, ByteSpan out) {
  Fill(out, 0);
  SVSM_ASSIGN_OR_RETURN(const std::vector<std::string> words,
                        Ask("read " + Digits(from.value()) + " " + Digits(out.size())));
  if (words.size() == 1 && words[0] == "fault") return Status(Code::kOutOfRange, Source::kProtocol);
  if (words.size() != 2 || words[0] != "ok") return Malformed(words[0]);
  const Result<ByteVector> bytes = FromHex(words[1]);
  if (!bytes.ok() || bytes->size() != out.size()) return Malformed(words[1]);
  Copy(out, *bytes);
  return OkStatus();
}

Status PipeSubject::Write(Gpa to, ByteView bytes) {
  SVSM_ASSIGN_OR_RETURN(const std::vector<std::string> words,
                        Ask("write " + Digits(to.value()) + " " + ToHex(bytes)));
  if (words.size() != 1) return Malformed(words[0]);
  if (words[0] == "fault") return Status(Code::kOutOfRange, Source::kProtocol);
  return words[0] == "ok" ? OkStatus() : Malformed(words[0]);
}

Status PipeSubject::Call(Gpa vmsa, protocol::CallRegisters& registers) {
  std::string line = "call " + Digits(vmsa.value());
  std::uint64_t* const fields[] = {&registers.rax, &registers.rcx, &registers.rdx, &registers.r8,
                                   &registers.r9};
  for (const std::uint64_t* field : fields) line += " " + Digits(*field);
  SVSM_ASSIGN_OR_RETURN(const std::vector<std::string> words, Ask(line));
  if (words.size() == 1 && words[0] == "gone") {
    return Status(Code::kConnectionClosed, Source::kProtocol);
  }
  if (words.size() == 1 && words[0] == "none") return Status(Code::kUnsupported, Source::kProtocol);
  if (words.size() != 6 || words[0] != "ok") return Malformed(words[0]);
  for (std::size_t i = 0; i < 5; ++i) {
    SVSM_ASSIGN_OR_RETURN(*fields[i], Number(words[i + 1]));
  }
  return OkStatus();
}

}  // namespace svsm::conformance
