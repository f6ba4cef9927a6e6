// svsm/core/secret.h: a key or other secret of fixed size, that wipes itself.
//
//   Secret<32> key;
//   SVSM_TRY(rng.Generate(key.writable()));
//   SVSM_TRY(aead.SetKey(key.view()));
//
// Not copied; a move leaves zeros behind. Compared in constant time only.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_CORE_SECRET_H_
#define SVSM_CORE_SECRET_H_

#include <cstddef>

#include "svsm/core/bytes.h"

namespace svsm {

template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(FixedView<N> bytes) { Copy(bytes_, bytes); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept { Take(other); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) Take(other);
    return *this;
  }
  ~Secret() { wipe(); }

  static constexpr std::size_t size() { return N; }
  FixedView<N> view() const { return bytes_; }
  FixedSpan<N> writable() { return bytes_; }
  void wipe() { Wipe(bytes_); }

  friend bool operator==(const Secret& a, const Secret& b) {
    return ConstantTimeEqual(a.bytes_, b.bytes_);
  }

 private:
  void Take(Secret& other) {
    Copy(bytes_, other.bytes_);
    other.wipe();
  }
  Bytes<N> bytes_{};
};

}  // namespace svsm

#endif  // SVSM_CORE_SECRET_H_
