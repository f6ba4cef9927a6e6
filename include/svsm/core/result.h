// svsm/core/result.h: a value or the Status that says why there is none.
//
//   svsm::Result<std::uint32_t> size = ReadSize(in);
//   if (!size.ok()) return size.status();
//   Use(*size);
//
// or, in a function that returns Status or a Result itself:
//
//   SVSM_ASSIGN_OR_RETURN(const std::uint32_t size, ReadSize(in));
//   SVSM_TRY(Store(size));
//
// Taking the value of a failed Result, or making a Result from an OK Status, is a bug and panics.
// A Result of a trivially destructible T is itself trivially destructible, on every compiler (the
// storage base is chosen by the type, not by a constrained destructor, so that all compilers pass
// it alike).
//
// Profile: freestanding. Allocates: never. Threads: a value.
#ifndef SVSM_CORE_RESULT_H_
#define SVSM_CORE_RESULT_H_

#include <new>
#include <type_traits>
#include <utility>

#include "svsm/core/panic.h"
#include "svsm/core/status.h"

namespace svsm {
namespace internal {

template <typename T, bool kTrivial = std::is_trivially_destructible_v<T>>
struct ResultStorage {
  constexpr ResultStorage() : none_() {}
  template <typename U>
  constexpr explicit ResultStorage(std::in_place_t, U&& value) : value_(std::forward<U>(value)) {}
  union {
    char none_;
    T value_;
  };
};

template <typename T>
struct ResultStorage<T, false> {
  constexpr ResultStorage() : none_() {}
  template <typename U>
  constexpr explicit ResultStorage(std::in_place_t, U&& value)
      : has_value_(true), value_(std::forward<U>(value)) {}
  ResultStorage(ResultStorage&& other) noexcept : has_value_(other.has_value_), none_() {
    if (has_value_) ::new (static_cast<void*>(&value_)) T(std::move(other.value_));
  }
  ResultStorage(const ResultStorage&) = delete;
  ResultStorage& operator=(const ResultStorage&) = delete;
  ResultStorage& operator=(ResultStorage&&) = delete;
  ~ResultStorage() {
    if (has_value_) value_.~T();
  }
  bool has_value_ = false;
  union {
    char none_;
    T value_;
  };
};

}  // namespace internal

template <typename T>
class [[nodiscard]] Result : private internal::ResultStorage<T> {
  static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, Status>);
  using Storage = internal::ResultStorage<T>;

 public:
  using value_type = T;

  // Implicit from a value and from a Status, so that `return value;` and `return status;` both read
  // well.
  constexpr Result(const T& value) : Storage(std::in_place, value) {}
  constexpr Result(T&& value) : Storage(std::in_place, std::move(value)) {}
  constexpr Result(Status status) : status_(status) { SVSM_CHECK(!status.ok()); }

  constexpr bool ok() const { return status_.ok(); }
  constexpr Status status() const { return status_; }

  constexpr T& value() & { return Checked(); }
  constexpr const T& value() const& { return Checked(); }
  constexpr T&& value() && { return std::move(Checked()); }
  constexpr T& operator*() & { return Checked(); }
  constexpr const T& operator*() const& { return Checked(); }
  constexpr T&& operator*() && { return std::move(Checked()); }
  constexpr T* operator->() { return &Checked(); }
  constexpr const T* operator->() const { return &Checked(); }

 private:
  constexpr T& Checked() {
    SVSM_CHECK(status_.ok());
    return this->value_;
  }
  constexpr const T& Checked() const {
    SVSM_CHECK(status_.ok());
    return this->value_;
  }

  Status status_;
};

}  // namespace svsm

#define SVSM_INTERNAL_CONCAT2(a, b) a##b
#define SVSM_INTERNAL_CONCAT(a, b) SVSM_INTERNAL_CONCAT2(a, b)

// Returns from the enclosing function when `expr`, a Status, is not OK.
#define SVSM_TRY(expr)                                                        \
  do {                                                                        \
    if (const ::svsm::Status svsm_try_status = (expr); !svsm_try_status.ok()) \
      return svsm_try_status;                                                 \
  } while (false)

// Returns the Status of `expr`, a Result, when it has no value; otherwise `lhs` becomes the value.
#define SVSM_ASSIGN_OR_RETURN(lhs, expr) \
  SVSM_INTERNAL_ASSIGN(SVSM_INTERNAL_CONCAT(svsm_result_, __LINE__), lhs, expr)
#define SVSM_INTERNAL_ASSIGN(result, lhs, expr) \
  auto result = (expr);                         \
  if (!result.ok()) return result.status();     \
  lhs = *std::move(result)

#endif  // SVSM_CORE_RESULT_H_
