#include "snp/verify/pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>
#include <memory>
#include <string_view>

namespace svsm::snp {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct Free {
  void operator()(void* memory) const { OPENSSL_free(memory); }
};

}  // namespace

Result<std::vector<ByteVector>> ReadDerOrPem(ByteView file, const char* label) {
  const Status malformed(Code::kMalformed, Source::kSnpVerify);
  std::vector<ByteVector> out;
  if (file.empty()) return malformed;
  if (file[0] == 0x30) {
    out.push_back(ToVector(file));
    return out;
  }
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return malformed;
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  if (!bio) return Status(Code::kInternal, Source::kOpenssl);
  bool any_block = false;
  for (;;) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    const int read = PEM_read_bio(bio.get(), &name, &header, &data, &size);
    const std::unique_ptr<char, Free> free_name(name);
    const std::unique_ptr<char, Free> free_header(header);
    const std::unique_ptr<unsigned char, Free> free_data(data);
    if (read != 1) {
      const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      if (!end || !any_block) return malformed;
      break;
    }
    any_block = true;
    if (std::string_view(name) == label) out.emplace_back(data, data + size);
  }
  if (out.empty()) return Status(Code::kNotFound, Source::kSnpVerify);
  return out;
}

}  // namespace svsm::snp
