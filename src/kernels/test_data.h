// Data for the tests and benchmarks of this room; no part of the library.
#ifndef FULLSTOP_KERNELS_TEST_DATA_H_
#define FULLSTOP_KERNELS_TEST_DATA_H_

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <utility>
#include <vector>

#include "format/half.h"
#include "format/quant_blocks.h"
#include "kernels/kernels.h"
#include "kernels/strips.h"

namespace fullstop::kernels {

// Every type that Linear knows.
inline std::vector<TensorType> AllTypes() {
  return {TensorType::kF32,   TensorType::kF16,     TensorType::kBF16,
          TensorType::kQ4_0,  TensorType::kQ4_1,    TensorType::kQ5_0,
          TensorType::kQ5_1,  TensorType::kQ8_0,    TensorType::kQ2_K,
          TensorType::kQ3_K,  TensorType::kQ4_K,    TensorType::kQ5_K,
          TensorType::kQ6_K,  TensorType::kIQ4_NL,  TensorType::kIQ4_XS,
          TensorType::kMXFP4, TensorType::kIQ2_XXS, TensorType::kIQ2_XS,
          TensorType::kIQ2_S, TensorType::kIQ3_XXS, TensorType::kIQ3_S,
          TensorType::kIQ1_S, TensorType::kIQ1_M,   TensorType::kTQ1_0,
          TensorType::kTQ2_0, TensorType::kNVFP4};
}

// Bytes that end where readable memory ends: a read past them is a crash.
class GuardedBytes {
 public:
  explicit GuardedBytes(size_t size);
  ~GuardedBytes();
  GuardedBytes(GuardedBytes&& other) noexcept;
  GuardedBytes& operator=(GuardedBytes&& other) noexcept;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  void* mapping_;
  size_t mapped_;
  std::byte* data_;
  size_t size_;
};

inline GuardedBytes::GuardedBytes(size_t size) : size_(size) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t used = (size + page - 1) / page * page;
  mapped_ = used + page;
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  auto* first = static_cast<std::byte*>(mapping_);
  mprotect(first + used, page, PROT_NONE);
  data_ = first + used - size;
}

inline GuardedBytes::GuardedBytes(GuardedBytes&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_(other.mapped_),
      data_(other.data_),
      size_(other.size_) {}

inline GuardedBytes& GuardedBytes::operator=(GuardedBytes&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

inline GuardedBytes::~GuardedBytes() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

// Memory of kAlignment.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t size) : storage_(size + kAlignment) {}
  void* data() {
    const auto address = reinterpret_cast<uintptr_t>(storage_.data());
    return storage_.data() + (kAlignment - address % kAlignment) % kAlignment;
  }

 private:
  std::vector<std::byte> storage_;
};

// Normally distributed.
inline std::vector<float> RandomFloats(size_t count, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& x : out) x = normal(random);
  return out;
}

inline void PutHalf(std::byte* at, float value) {
  const uint16_t bits = FloatToHalf(value);
  std::memcpy(at, &bits, sizeof(bits));
}

inline float Uniform(std::mt19937_64& random, float low, float high) {
  return std::uniform_real_distribution<float>(low, high)(random);
}

// Where a block's half-precision scales stand, and their size.
struct ScalePlaces {
  std::vector<size_t> offsets;
  float size;
};

inline ScalePlaces PlacesOf(TensorType type) {
  switch (type) {
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
      return {{0, 2}, 0.01f};
    case TensorType::kQ2_K:
      return {{offsetof(BlockQ2_K, d), offsetof(BlockQ2_K, dmin)}, 0.005f};
    case TensorType::kQ3_K:
      return {{offsetof(BlockQ3_K, d)}, 0.002f};
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return {{0, 2}, 0.0002f};
    case TensorType::kQ6_K:
      return {{offsetof(BlockQ6_K, d)}, 0.0001f};
    case TensorType::kIQ4_XS:
      return {{0}, 0.0001f};
    case TensorType::kTQ1_0:
      return {{offsetof(BlockTQ1_0, d)}, 0.1f};
    case TensorType::kTQ2_0:
      return {{offsetof(BlockTQ2_0, d)}, 0.1f};
    case TensorType::kQ8_0:
    case TensorType::kIQ4_NL:
    case TensorType::kIQ2_XXS:
    case TensorType::kIQ2_XS:
    case TensorType::kIQ2_S:
    case TensorType::kIQ3_XXS:
    case TensorType::kIQ3_S:
      return {{0}, 0.001f};
    default:
      return {{0}, 0.01f};
  }
}

// Makes the scales of a block whose other bytes stand.
inline void FillScales(TensorType type, std::byte* block,
                       std::mt19937_64& random) {
  if (type == TensorType::kMXFP4) {
    block[0] = static_cast<std::byte>(120 + random() % 6);
    return;
  }
  if (type == TensorType::kNVFP4) {
    for (size_t i = 0; i < 4; ++i) {
      block[i] = static_cast<std::byte>(random() % 48);
    }
    return;
  }
  if (type == TensorType::kIQ1_M) {
    // The half is spread over the upper four bits of four words.
    const uint16_t bits = FloatToHalf(Uniform(random, 0.005f, 0.02f));
    for (size_t i = 0; i < 4; ++i) {
      std::byte& high = block[offsetof(BlockIQ1_M, scales) + 2 * i + 1];
      high = (high & std::byte{15}) |
             static_cast<std::byte>((bits >> 4 * i & 15) << 4);
    }
    return;
  }
  const ScalePlaces places = PlacesOf(type);
  for (const size_t offset : places.offsets) {
    const float sign = random() % 4 == 0 ? -1.0f : 1.0f;
    PutHalf(block + offset,
            sign * Uniform(random, 0.5f * places.size, 2 * places.size));
  }
}

inline void FillBlock(TensorType type, std::byte* block, size_t bytes,
                      std::mt19937_64& random) {
  for (size_t i = 0; i < bytes; ++i) {
    block[i] = static_cast<std::byte>(random());
  }
  FillScales(type, block, random);
}

// Blocks whose bytes are FIRST before PLACE and SECOND from there on, but for
// their scales.
inline void FillExtremeRow(TensorType type, std::byte first, std::byte second,
                           size_t place, std::byte* row, int64_t columns,
                           std::mt19937_64& random) {
  const TensorTraits& traits = Traits(type);
  const auto end = row + *RowBytes(type, static_cast<uint64_t>(columns));
  for (std::byte* block = row; block != end; block += traits.block_bytes) {
    std::fill(block, block + place, first);
    std::fill(block + place, block + traits.block_bytes, second);
    FillScales(type, block, random);
  }
}

// One weight of a type of floats.
inline void FillFloat(TensorType type, std::byte* at, std::mt19937_64& random) {
  const float value = std::normal_distribution<float>(0, 0.1f)(random);
  if (type == TensorType::kF32) {
    std::memcpy(at, &value, sizeof(value));
  } else if (type == TensorType::kF16) {
    PutHalf(at, value);
  } else {
    const uint16_t bits = FloatToBfloat16(value);
    std::memcpy(at, &bits, sizeof(bits));
  }
}

// Random packed weights: uniform bits under scales that make weights of the
// order of 0.1.
struct RandomMatrix {
  GuardedBytes bytes;
  Matrix matrix;
};
inline RandomMatrix MakeRandomMatrix(TensorType type, int64_t rows,
                                     int64_t columns, std::mt19937_64& random) {
  const TensorTraits& traits = Traits(type);
  const auto row_bytes =
      static_cast<size_t>(*RowBytes(type, static_cast<uint64_t>(columns)));
  GuardedBytes bytes(static_cast<size_t>(rows) * row_bytes);
  const size_t step = traits.block_bytes;
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (traits.block_length == 1) {
      FillFloat(type, bytes.data() + at, random);
    } else {
      FillBlock(type, bytes.data() + at, step, random);
    }
  }
  const Matrix matrix = {type, bytes.data(), rows, columns,
                         static_cast<int64_t>(row_bytes)};
  return {std::move(bytes), matrix};
}

// W, which lies in rows, in strips.
inline RandomMatrix StripsOf(const Matrix& w) {
  GuardedBytes bytes(StripBytes(w));
  MakeStrips(w, 0, w.rows, bytes.data());
  Matrix strips = w;
  strips.data = bytes.data();
  strips.layout = Layout::kStrips;
  return {std::move(bytes), strips};
}

}  // namespace fullstop::kernels

#endif  // FULLSTOP_KERNELS_TEST_DATA_H_
