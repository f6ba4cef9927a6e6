// Secrets that valgrind takes for undefined memory: a jump or an address that depends on one is
// then an error of memcheck. See run.
#include <valgrind/memcheck.h>

#include <cstdio>
#include <functional>
#include <string>

#include "svsm/core/secret.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/crypto/kdf.h"
#include "svsm/crypto/key_wrap.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/guest_message.h"

namespace svsm {
namespace {

void Poison(ByteSpan bytes) { VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size()); }
template <typename T>
void Reveal(T& object) {
  VALGRIND_MAKE_MEM_DEFINED(&object, sizeof(object));
}
void Reveal(ByteSpan bytes) { VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size()); }

Secret<32> SomeKey(std::uint8_t first) {
  Secret<32> key;
  for (std::size_t i = 0; i < key.size(); ++i) {
    key.writable()[i] = static_cast<std::uint8_t>(first + 7 * i);
  }
  return key;
}

// The message of a report request, opened under a secret key.
bool OpenVmpck(crypto::Aead& aead) {
  Secret<32> key = SomeKey(1);
  Bytes<96> payload{1, 2, 3};
  static Bytes<snp::kGuestMessageSize> page;
  static Bytes<snp::kMaxGuestPayloadSize> out;
  snp::GuestMessageInfo info;
  info.sequence_number = 1;
  if (!aead.SetKey(key.view()).ok()) return false;
  if (!snp::SealGuestMessage(aead, info, payload, page).ok()) return false;
  Poison(key.writable());
  if (!aead.SetKey(key.view()).ok()) return false;
  const auto opened = snp::OpenGuestMessage(aead, page, out);
  Reveal(out);
  return opened.ok() && Equal(ByteView(out).first(payload.size()), payload);
}

bool Unwrap(crypto::BlockCipher& aes) {
  Secret<32> wrapping = SomeKey(2);
  Secret<32> key = SomeKey(3);
  Bytes<40> wrapped{};
  if (!aes.SetKey(wrapping.view()).ok()) return false;
  if (!crypto::WrapKey(aes, key.view(), wrapped).ok()) return false;
  Poison(wrapping.writable());
  if (!aes.SetKey(wrapping.view()).ok()) return false;
  Secret<32> unwrapped;
  const Status status = crypto::UnwrapKey(aes, wrapped, unwrapped.writable());
  Reveal(unwrapped.writable());
  return status.ok() && Equal(unwrapped.view(), key.view());
}

bool DeriveKdfA(crypto::Hmac& hmac) {
  Secret<32> key = SomeKey(4);
  Poison(key.writable());
  const Bytes<6> label = Ascii("SECRET");
  const Bytes<4> context{1, 2, 3, 4};
  Bytes<48> out{};
  const Status status = crypto::KdfA(hmac, key.view(), label, context, context, out);
  Reveal(out);
  return status.ok() && !IsZero(out);
}

bool CompareTags() {
  Secret<32> first = SomeKey(5);
  Secret<32> second = SomeKey(5);
  second.writable()[0] ^= 1;
  Poison(first.writable());
  Poison(second.writable());
  bool equal = ConstantTimeEqual(first.view().first<16>(), second.view().first<16>());
  bool rest = ConstantTimeEqual(first.view().subspan(1), second.view().subspan(1));
  Reveal(equal);
  Reveal(rest);
  return !equal && rest;
}

bool CompareSecrets() {
  Secret<32> first = SomeKey(6);
  Secret<32> second = SomeKey(6);
  Poison(first.writable());
  Poison(second.writable());
  bool equal = first == second;
  Reveal(equal);
  return equal;
}

// What must be found, or nothing here proves anything.
bool LeakByJump() {
  Secret<32> first = SomeKey(7);
  Poison(first.writable());
  volatile unsigned steps = 0;
  for (const std::uint8_t byte : first.view()) {
    steps = steps + 1;
    if (byte == 9) break;
  }
  return true;
}

bool LeakByAddress() {
  static const Bytes<256> table{1};
  Secret<32> first = SomeKey(8);
  Poison(first.writable());
  volatile std::uint8_t found = table[first.view()[0]];
  (void)found;
  return true;
}

struct Operation {
  const char* name;
  std::function<bool()> run;
};

template <typename Primitive, typename Function>
std::function<bool()> With(Function function) {
  return [function] {
    Primitive primitive;
    return function(primitive);
  };
}

const Operation kOperations[] = {
    {"vmpck-open/openssl", With<crypto::OpensslAesGcm>(OpenVmpck)},
    {"vmpck-open/bearssl", With<crypto::BearsslAesGcm>(OpenVmpck)},
    {"vmpck-open/bearssl-portable",
     [] {
       crypto::BearsslAesGcm aead(crypto::BearsslCode::kPortable);
       return OpenVmpck(aead);
     }},
    {"key-unwrap/openssl", With<crypto::OpensslBlockCipher>(Unwrap)},
    {"key-unwrap/bearssl", With<crypto::BearsslAes>(Unwrap)},
    {"key-unwrap/bearssl-portable",
     [] {
       crypto::BearsslAes aes(crypto::BearsslCode::kPortable);
       return Unwrap(aes);
     }},
    {"kdfa/openssl",
     [] {
       crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
       return DeriveKdfA(hmac);
     }},
    {"kdfa/bearssl",
     [] {
       crypto::BearsslHmac hmac(crypto::HashAlg::kSha256);
       return DeriveKdfA(hmac);
     }},
    {"tag-compare", CompareTags},
    {"secret-compare", CompareSecrets},
    {"leak-by-jump", LeakByJump},
    {"leak-by-address", LeakByAddress},
};

}  // namespace
}  // namespace svsm

int main(int argc, char** argv) {
  if (argc != 2) {
    for (const svsm::Operation& operation : svsm::kOperations) std::puts(operation.name);
    return 0;
  }
  for (const svsm::Operation& operation : svsm::kOperations) {
    if (std::string(argv[1]) == operation.name) return operation.run() ? 0 : 1;
  }
  return 2;
}
