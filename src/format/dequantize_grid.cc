#include "format/dequantize_grid.h"

#include <bit>

#include "format/dequantize.h"
#include "format/float8.h"
#include "format/half.h"
#include "format/iq_grids.h"
#include "format/quant_blocks.h"

namespace fullstop {
namespace {

constexpr size_t kSmallGroup = 16;

uint32_t Word(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

unsigned Nibble(uint8_t byte, size_t upper) {
  return upper != 0 ? byte >> 4 : byte & 15u;
}

uint8_t SignsOfSeven(uint32_t bits) {
  bits &= 127;
  return static_cast<uint8_t>(bits | (std::popcount(bits) & 1) << 7);
}

// The weights of an entry of a grid, negated where SIGNS has a bit.
template <typename T>
void WriteEntry(T entry, unsigned signs, float scale, float* out) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    const auto value = static_cast<int8_t>(entry >> 8 * i & 0xFF);
    const int weight = (signs >> i & 1) != 0 ? -value : value;
    out[i] = scale * static_cast<float>(weight);
  }
}

void DecodeBlock(const BlockIQ2_XXS& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t e = 0; e < kSuperBlock / 8; ++e) {
    const uint8_t* group = block.qs + e / 4 * 8;
    const uint32_t v = Word(group + 4);
    const float scale = d * (0.5f + static_cast<float>(v >> 28)) * 0.25f;
    WriteEntry(kIq2XxsGrid.entries[group[e % 4]],
               SignsOfSeven(v >> 7 * (e % 4)), scale, out + 8 * e);
  }
}

void DecodeBlock(const BlockIQ2_XS& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t e = 0; e < kSuperBlock / 8; ++e) {
    const uint16_t q = block.qs[e].bits();
    const unsigned bits = Nibble(block.scales[e / 4], e / 2 % 2);
    const float scale = d * (0.5f + static_cast<float>(bits)) * 0.25f;
    WriteEntry(kIq2XsGrid.entries[q & 511], SignsOfSeven(q >> 9), scale,
               out + 8 * e);
  }
}

void DecodeBlock(const BlockIQ2_S& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t e = 0; e < kSuperBlock / 8; ++e) {
    const int index = block.qs[e] | (block.qh[e / 4] >> e % 4 * 2 & 3) << 8;
    const unsigned bits = Nibble(block.scales[e / 4], e / 2 % 2);
    const float scale = d * (0.5f + static_cast<float>(bits)) * 0.25f;
    WriteEntry(kIq2SGrid.entries[index], block.signs[e], scale, out + 8 * e);
  }
}

void DecodeBlock(const BlockIQ3_XXS& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t e = 0; e < kSuperBlock / 4; ++e) {
    const uint32_t v = Word(block.scales + e / 8 * 4);
    const float scale = d * (0.5f + static_cast<float>(v >> 28)) * 0.5f;
    const unsigned signs = SignsOfSeven(v >> e / 2 % 4 * 7);
    WriteEntry(kIq3XxsGrid.entries[block.qs[e]], signs >> e % 2 * 4, scale,
               out + 4 * e);
  }
}

void DecodeBlock(const BlockIQ3_S& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t e = 0; e < kSuperBlock / 4; ++e) {
    const int index = block.qs[e] | (block.qh[e / 8] >> e % 8 & 1) << 8;
    const unsigned bits = Nibble(block.scales[e / 16], e / 8 % 2);
    const float scale = d * static_cast<float>(1 + 2 * bits);
    WriteEntry(kIq3SGrid.entries[index], block.signs[e / 2] >> e % 2 * 4u,
               scale, out + 4 * e);
  }
}

void WriteWithDelta(uint64_t entry, bool below, float scale, float* out) {
  const float delta = below ? -0.125f : 0.125f;
  for (size_t i = 0; i < 8; ++i) {
    const auto value = static_cast<int8_t>(entry >> 8 * i & 0xFF);
    out[i] = scale * (static_cast<float>(value) + delta);
  }
}

void DecodeBlock(const BlockIQ1_S& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t e = 0; e < kSuperBlock / 8; ++e) {
    const uint16_t h = block.qh[e / 4].bits();
    const int index = block.qs[e] | (h >> e % 4 * 3 & 7) << 8;
    const float scale = d * static_cast<float>(2 * (h >> 12 & 7) + 1);
    WriteWithDelta(kIq1Grid.entries[index], (h & 0x8000) != 0, scale,
                   out + 8 * e);
  }
}

void DecodeBlock(const BlockIQ1_M& block, float* out) {
  unsigned bits = 0;
  for (size_t i = 0; i < 4; ++i) {
    bits |= static_cast<unsigned>(block.scales[i].bits() >> 12) << 4 * i;
  }
  const float d = HalfToFloat(static_cast<uint16_t>(bits));
  for (size_t e = 0; e < kSuperBlock / 8; ++e) {
    const unsigned h = Nibble(block.qh[e / 2], e % 2);
    const size_t g = e / 2;
    const int scale = block.scales[g / 4].bits() >> g % 4 * 3 & 7;
    WriteWithDelta(kIq1Grid.entries[block.qs[e] | (h & 7) << 8], (h & 8) != 0,
                   d * static_cast<float>(2 * scale + 1), out + 8 * e);
  }
}

void DecodeBlock(const BlockTQ1_0& block, float* out) {
  static constexpr uint8_t kPowers[] = {1, 3, 9, 27, 81};
  const float d = HalfToFloat(block.d.bits());
  const auto write = [&](const uint8_t* bytes, size_t count, size_t digits) {
    for (size_t n = 0; n < digits; ++n) {
      for (size_t i = 0; i < count; ++i) {
        const auto fraction = static_cast<uint8_t>(bytes[i] * kPowers[n]);
        *out++ = d * static_cast<float>((fraction * 3 >> 8) - 1);
      }
    }
  };
  write(block.qs, 32, 5);
  write(block.qs + 32, 16, 5);
  write(block.qh, 4, 4);
}

void DecodeBlock(const BlockTQ2_0& block, float* out) {
  const float d = HalfToFloat(block.d.bits());
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const int q = block.qs[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
    out[i] = d * static_cast<float>(q - 1);
  }
}

void DecodeBlock(const BlockNVFP4& block, float* out) {
  for (size_t i = 0; i < kNvfp4Block; ++i) {
    const size_t group = i / kSmallGroup;
    const unsigned q = Nibble(block.qs[8 * group + i % 8], i / 8 % 2);
    out[i] = Nvfp4Scale(block.d[group]) * static_cast<float>(kMxfp4Values[q]);
  }
}

template <typename Block, size_t kLength = kSuperBlock>
bool Decode(const std::byte* row, float* out, size_t count) {
  DecodeRow<Block, kLength>(row, out, count, [](const Block& block, float* to) {
    DecodeBlock(block, to);
  });
  return true;
}

}  // namespace

float Nvfp4Scale(uint8_t d) {
  if (d == 127) return 0;
  const unsigned magnitude = d & 127;
  return 0.5f * (magnitude == 127
                     ? 480.0f  // no NaN here
                     : Float8E4m3ToFloat(static_cast<uint8_t>(magnitude)));
}

bool DequantizeGrid(TensorType type, const std::byte* row, float* out,
                    size_t count) {
  switch (type) {
    case TensorType::kIQ2_XXS:
      return Decode<BlockIQ2_XXS>(row, out, count);
    case TensorType::kIQ2_XS:
      return Decode<BlockIQ2_XS>(row, out, count);
    case TensorType::kIQ2_S:
      return Decode<BlockIQ2_S>(row, out, count);
    case TensorType::kIQ3_XXS:
      return Decode<BlockIQ3_XXS>(row, out, count);
    case TensorType::kIQ3_S:
      return Decode<BlockIQ3_S>(row, out, count);
    case TensorType::kIQ1_S:
      return Decode<BlockIQ1_S>(row, out, count);
    case TensorType::kIQ1_M:
      return Decode<BlockIQ1_M>(row, out, count);
    case TensorType::kTQ1_0:
      return Decode<BlockTQ1_0>(row, out, count);
    case TensorType::kTQ2_0:
      return Decode<BlockTQ2_0>(row, out, count);
    case TensorType::kNVFP4:
      return Decode<BlockNVFP4, kNvfp4Block>(row, out, count);
    default:
      return false;
  }
}

}  // namespace fullstop
