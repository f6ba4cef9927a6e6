// svsm/core/vec.h: a growing array over an Allocator, for code that has no heap and no exceptions.
//
//   Vec<Extent> extents(allocator);
//   SVSM_TRY(extents.Reserve(expected));
//   SVSM_TRY(extents.PushBack(extent));
//   for (const Extent& e : extents) Use(e);
//
// Elements need a move constructor that does not fail. Not copied; a move leaves an empty Vec
// behind. Indices are checked: a wrong one is a bug of the program and panics. Memory that is given
// back is not wiped: who keeps secrets passes a WipingAllocator (svsm/core/heap_allocator.h).
//
// Profile: freestanding. Allocates: through the Allocator, which outlives the Vec; where a
// Reserve() went before, what fits in it allocates no more. Threads: one object, one thread.
#ifndef SVSM_CORE_VEC_H_
#define SVSM_CORE_VEC_H_

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "svsm/core/allocator.h"
#include "svsm/core/panic.h"
#include "svsm/core/status.h"

namespace svsm {

template <typename T>
class Vec {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>);

 public:
  using value_type = T;

  explicit Vec(Allocator& allocator) : allocator_(&allocator) {}
  Vec(const Vec&) = delete;
  Vec& operator=(const Vec&) = delete;
  Vec(Vec&& other) noexcept : allocator_(other.allocator_) { Take(other); }
  Vec& operator=(Vec&& other) noexcept {
    if (this == &other) return *this;
    Release();
    allocator_ = other.allocator_;
    Take(other);
    return *this;
  }
  ~Vec() { Release(); }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  const T* begin() const { return data_; }
  T* end() { return data_ + size_; }
  const T* end() const { return data_ + size_; }
  T& operator[](std::size_t index) {
    SVSM_CHECK(index < size_);
    return data_[index];
  }
  const T& operator[](std::size_t index) const {
    SVSM_CHECK(index < size_);
    return data_[index];
  }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }
  std::span<T> view() { return {data_, size_}; }
  std::span<const T> view() const { return {data_, size_}; }
  Allocator& allocator() const { return *allocator_; }

  // All that grow a Vec: amortised constant time an element. Errors: kOutOfMemory; nothing has
  // changed then. A view into the Vec itself may not be passed.

  // Room for `capacity` elements in all, exactly that much if it is more than there was.
  Status Reserve(std::size_t capacity) {
    return capacity <= capacity_ ? OkStatus() : Reallocate(capacity);
  }
  Status PushBack(T value) {
    if (const Status status = Grow(1); !status.ok()) return status;
    ::new (static_cast<void*>(data_ + size_)) T(std::move(value));
    ++size_;
    return OkStatus();
  }
  Status Append(std::span<const T> values) {
    if (const Status status = Grow(values.size()); !status.ok()) return status;
    // Through locals: bytes may alias the members.
    T* to = data_ + size_;
    for (const T& value : values) ::new (static_cast<void*>(to++)) T(value);
    size_ += values.size();
    return OkStatus();
  }
  // Cuts, or appends value-initialised elements (zeros).
  Status Resize(std::size_t size) {
    if (size > size_) {
      if (const Status status = Grow(size - size_); !status.ok()) return status;
      T* const end = data_ + size;
      for (T* to = data_ + size_; to != end; ++to) ::new (static_cast<void*>(to)) T();
      size_ = size;
    }
    Truncate(size);
    return OkStatus();
  }
  // Before the element `index`; index == size() appends. Linear time.
  Status Insert(std::size_t index, T value) {
    SVSM_CHECK(index <= size_);
    if (const Status status = Grow(1); !status.ok()) return status;
    for (std::size_t i = size_; i > index; --i) Relocate(data_ + i, data_ + i - 1);
    ::new (static_cast<void*>(data_ + index)) T(std::move(value));
    ++size_;
    return OkStatus();
  }

  // These keep the memory. Removes `count` elements from `index` on; linear time.
  void Erase(std::size_t index, std::size_t count) {
    SVSM_CHECK(index <= size_ && count <= size_ - index);
    for (std::size_t i = index; i < index + count; ++i) data_[i].~T();
    for (std::size_t i = index + count; i < size_; ++i) Relocate(data_ + i - count, data_ + i);
    size_ -= count;
  }
  void PopBack() {
    SVSM_CHECK(size_ != 0);
    data_[--size_].~T();
  }
  // Removes what is behind the first `size` elements; does nothing if there are no more than those.
  void Truncate(std::size_t size) {
    while (size_ > size) data_[--size_].~T();
  }
  void Clear() { Truncate(0); }
  // Clear(), and gives the memory back.
  void Release() {
    Clear();
    allocator_->Free(data_, capacity_ * sizeof(T));
    data_ = nullptr;
    capacity_ = 0;
  }

 private:
  static constexpr std::size_t kMaxSize = (~std::size_t{0} >> 1) / sizeof(T);

  static Status OutOfMemory() { return Status(Code::kOutOfMemory, Source::kCore); }

  static void Relocate(T* to, T* from) {
    ::new (static_cast<void*>(to)) T(std::move(*from));
    from->~T();
  }

  void Take(Vec& other) {
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
  }

  Status Grow(std::size_t count) {
    if (count <= capacity_ - size_) return OkStatus();
    if (count > kMaxSize - size_) return OutOfMemory();
    constexpr std::size_t kLeast = sizeof(T) >= 16 ? 4 : 64 / sizeof(T);
    std::size_t wanted = capacity_ + capacity_ / 2;
    if (wanted > kMaxSize) wanted = kMaxSize;
    if (wanted < kLeast) wanted = kLeast;
    if (wanted < size_ + count) wanted = size_ + count;
    return Reallocate(wanted);
  }

  Status Reallocate(std::size_t capacity) {
    if (capacity > kMaxSize) return OutOfMemory();
    void* const memory = allocator_->Allocate(capacity * sizeof(T), alignof(T));
    if (memory == nullptr) return OutOfMemory();
    T* const data = static_cast<T*>(memory);
    T* const old = data_;
    for (std::size_t i = 0, count = size_; i < count; ++i) Relocate(data + i, old + i);
    allocator_->Free(data_, capacity_ * sizeof(T));
    data_ = data;
    capacity_ = capacity;
    return OkStatus();
  }

  Allocator* allocator_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace svsm

#endif  // SVSM_CORE_VEC_H_
