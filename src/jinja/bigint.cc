#include "jinja/bigint.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace fullstop::jinja {
namespace {

void Trim(std::vector<uint32_t>* limbs) {
  while (!limbs->empty() && limbs->back() == 0) limbs->pop_back();
}

void CheckBits(size_t bits) {
  if (bits > BigInt::kMaxBits) {
    throw Error::Limit("a whole number of more than " +
                       std::to_string(BigInt::kMaxBits) + " bits");
  }
}

// Takes GUESS times V from the limbs at U, one more than V has. Returns GUESS,
// or one less where that was one too many.
uint64_t SubtractProduct(const std::vector<uint32_t>& v, uint64_t guess,
                         uint32_t* u) {
  const size_t n = v.size();
  int64_t borrow = 0;
  uint64_t carry = 0;
  for (size_t i = 0; i < n; ++i) {
    carry += guess * v[i];
    const int64_t value = int64_t{u[i]} - static_cast<uint32_t>(carry) + borrow;
    u[i] = static_cast<uint32_t>(value);
    borrow = value < 0 ? -1 : 0;
    carry >>= 32;
  }
  const int64_t value = int64_t{u[n]} - static_cast<int64_t>(carry) + borrow;
  u[n] = static_cast<uint32_t>(value);
  if (value >= 0) return guess;
  uint64_t back = 0;
  for (size_t i = 0; i < n; ++i) {
    back += uint64_t{u[i]} + v[i];
    u[i] = static_cast<uint32_t>(back);
    back >>= 32;
  }
  u[n] += static_cast<uint32_t>(back);
  return guess - 1;
}

}  // namespace

BigInt::BigInt(int64_t value) : negative_(value < 0) {
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (negative_) magnitude = ~magnitude + 1;
  for (; magnitude != 0; magnitude >>= 32) {
    limbs_.push_back(static_cast<uint32_t>(magnitude));
  }
}

BigInt::BigInt(Limbs limbs, bool negative)
    : negative_(negative), limbs_(std::move(limbs)) {
  Trim(&limbs_);
  if (limbs_.empty()) negative_ = false;
}

BigInt BigInt::FromDouble(double value) {
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(std::trunc(value)), &exponent);
  Limbs limbs(static_cast<size_t>(std::max(exponent, 0) + 31) / 32, 0);
  // 53 bits of mantissa, placed at bit exponent - 53.
  uint64_t mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  int shift = exponent - 53;
  if (shift < 0) {
    mantissa >>= -shift;
    shift = 0;
  }
  for (int bit = 0; bit < 64; ++bit) {
    if ((mantissa >> bit & 1) == 0) continue;
    const size_t at = static_cast<size_t>(shift) + static_cast<size_t>(bit);
    limbs[at / 32] |= 1u << at % 32;
  }
  return BigInt(std::move(limbs), value < 0);
}

BigInt BigInt::Parse(std::string_view digits, int base) {
  CheckBits(digits.size() *
            static_cast<size_t>(std::bit_width(static_cast<unsigned>(base))));
  Limbs limbs;
  for (const char c : digits) {
    const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    MultiplyAdd(&limbs, static_cast<uint32_t>(base),
                static_cast<uint32_t>(value));
  }
  return BigInt(std::move(limbs), false);
}

size_t BigInt::BitLength() const {
  if (limbs_.empty()) return 0;
  return 32 * limbs_.size() -
         static_cast<size_t>(std::countl_zero(limbs_.back()));
}

size_t BigInt::BitCount() const {
  size_t count = 0;
  for (const uint32_t limb : limbs_) {
    count += static_cast<size_t>(std::popcount(limb));
  }
  return count;
}

std::optional<int64_t> BigInt::ToInt64() const {
  if (limbs_.size() > 2) return std::nullopt;
  uint64_t magnitude = 0;
  for (size_t i = limbs_.size(); i-- > 0;) {
    magnitude = magnitude << 32 | limbs_[i];
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (magnitude > limit || (magnitude == limit && !negative_)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(negative_ ? ~magnitude + 1 : magnitude);
}

double BigInt::ToDouble() const {
  const size_t bits = BitLength();
  if (bits == 0) return 0;
  // The top 64 bits, with all lower ones gathered into the last.
  const size_t drop = bits > 64 ? bits - 64 : 0;
  uint64_t top = 0;
  bool sticky = false;
  for (size_t i = limbs_.size(); i-- > 0;) {
    const size_t low = 32 * i;
    const uint64_t limb = limbs_[i];
    if (low >= drop) {
      top |= limb << (low - drop);
    } else if (low + 32 > drop) {
      top |= limb >> (drop - low);
      sticky |= (limb & ((uint64_t{1} << (drop - low)) - 1)) != 0;
    } else {
      sticky |= limb != 0;
    }
  }
  if (sticky) top |= 1;
  const double value =
      std::ldexp(static_cast<double>(top), static_cast<int>(drop));
  return negative_ ? -value : value;
}

std::string BigInt::ToString(int base) const {
  if (limbs_.empty()) return "0";
  std::string digits;
  Limbs rest = limbs_;
  // As many digits at a time as a limb holds.
  uint32_t chunk = static_cast<uint32_t>(base);
  int width = 1;
  while (uint64_t{chunk} * static_cast<uint32_t>(base) < uint64_t{1} << 32) {
    chunk *= static_cast<uint32_t>(base);
    ++width;
  }
  while (!rest.empty()) {
    uint32_t part = DivideSmall(&rest, chunk);
    for (int i = 0; i < width && (part != 0 || !rest.empty()); ++i) {
      digits +=
          "0123456789abcdefghijklmnopqrstuvwxyz"[part %
                                                 static_cast<uint32_t>(base)];
      part /= static_cast<uint32_t>(base);
    }
  }
  if (negative_) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

BigInt BigInt::operator-() const { return BigInt(limbs_, !negative_); }

int BigInt::CompareMagnitude(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

BigInt::Limbs BigInt::Add(const Limbs& a, const Limbs& b) {
  Limbs sum;
  sum.reserve(std::max(a.size(), b.size()) + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < std::max(a.size(), b.size()) || carry; ++i) {
    carry += (i < a.size() ? a[i] : 0);
    carry += (i < b.size() ? b[i] : 0);
    sum.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  return sum;
}

BigInt::Limbs BigInt::Subtract(const Limbs& a, const Limbs& b) {
  Limbs difference(a);
  int64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t value = int64_t{a[i]} - (i < b.size() ? b[i] : 0) + borrow;
    borrow = value < 0 ? -1 : 0;
    difference[i] = static_cast<uint32_t>(value);
  }
  Trim(&difference);
  return difference;
}

BigInt operator+(const BigInt& a, const BigInt& b) {
  if (a.negative_ == b.negative_) {
    BigInt sum(BigInt::Add(a.limbs_, b.limbs_), a.negative_);
    CheckBits(sum.BitLength());
    return sum;
  }
  const int order = BigInt::CompareMagnitude(a.limbs_, b.limbs_);
  if (order == 0) return BigInt();
  if (order > 0) {
    return BigInt(BigInt::Subtract(a.limbs_, b.limbs_), a.negative_);
  }
  return BigInt(BigInt::Subtract(b.limbs_, a.limbs_), b.negative_);
}

BigInt operator*(const BigInt& a, const BigInt& b) {
  CheckBits(a.BitLength() + b.BitLength());
  BigInt::Limbs product(a.limbs_.size() + b.limbs_.size(), 0);
  for (size_t i = 0; i < a.limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.limbs_.size(); ++j) {
      carry += product[i + j] + uint64_t{a.limbs_[i]} * b.limbs_[j];
      product[i + j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    product[i + b.limbs_.size()] = static_cast<uint32_t>(carry);
  }
  return BigInt(std::move(product), a.negative_ != b.negative_);
}

uint32_t BigInt::DivideSmall(Limbs* limbs, uint32_t divisor) {
  uint64_t rest = 0;
  for (size_t i = limbs->size(); i-- > 0;) {
    rest = rest << 32 | (*limbs)[i];
    (*limbs)[i] = static_cast<uint32_t>(rest / divisor);
    rest %= divisor;
  }
  Trim(limbs);
  return static_cast<uint32_t>(rest);
}

void BigInt::MultiplyAdd(Limbs* limbs, uint32_t factor, uint32_t add) {
  uint64_t carry = add;
  for (uint32_t& limb : *limbs) {
    carry += uint64_t{limb} * factor;
    limb = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry) limbs->push_back(static_cast<uint32_t>(carry));
}

void BigInt::Divide(const Limbs& a, const Limbs& b, Limbs* quotient,
                    Limbs* remainder) {
  if (CompareMagnitude(a, b) < 0) {
    quotient->clear();
    *remainder = a;
    return;
  }
  if (b.size() == 1) {
    *quotient = a;
    const uint32_t rest = DivideSmall(quotient, b[0]);
    remainder->clear();
    if (rest) remainder->push_back(rest);
    return;
  }
  // Schoolbook division, a limb of the quotient at a time, with the divisor
  // shifted so that its top bit is set (Knuth, volume 2, algorithm D).
  const int shift = std::countl_zero(b.back());
  const auto shifted = [shift](const Limbs& limbs) {
    Limbs out(limbs.size() + 1, 0);
    for (size_t i = 0; i < limbs.size(); ++i) {
      const uint64_t wide = uint64_t{limbs[i]} << shift;
      out[i] |= static_cast<uint32_t>(wide);
      out[i + 1] = static_cast<uint32_t>(wide >> 32);
    }
    return out;
  };
  Limbs u = shifted(a);
  Limbs v = shifted(b);
  v.pop_back();
  const size_t n = v.size();
  quotient->assign(u.size() - n, 0);
  for (size_t j = u.size() - n; j-- > 0;) {
    const uint64_t head = uint64_t{u[j + n]} << 32 | u[j + n - 1];
    uint64_t guess = head / v[n - 1];
    uint64_t rest = head % v[n - 1];
    while (guess >> 32 || guess * v[n - 2] > (rest << 32 | u[j + n - 2])) {
      --guess;
      rest += v[n - 1];
      if (rest >> 32) break;
    }
    guess = SubtractProduct(v, guess, u.data() + j);
    (*quotient)[j] = static_cast<uint32_t>(guess);
  }
  Trim(quotient);
  for (size_t i = 0; i < n; ++i) {
    u[i] = u[i] >> shift;
    if (shift) u[i] |= u[i + 1] << (32 - shift);
  }
  u.resize(n);
  Trim(&u);
  *remainder = std::move(u);
}

void BigInt::DivMod(const BigInt& a, const BigInt& divisor, BigInt* quotient,
                    BigInt* remainder) {
  Limbs q;
  Limbs r;
  Divide(a.limbs_, divisor.limbs_, &q, &r);
  BigInt whole(std::move(q), a.negative_ != divisor.negative_);
  BigInt rest(std::move(r), a.negative_);
  if (!rest.zero() && rest.negative_ != divisor.negative_) {
    whole = whole - BigInt(1);
    rest = rest + divisor;
  }
  *quotient = std::move(whole);
  *remainder = std::move(rest);
}

BigInt BigInt::Pow(BigInt base, uint64_t exponent) {
  if (base.BitLength() > 1) {
    if (exponent > kMaxBits) CheckBits(kMaxBits + 1);
    CheckBits((base.BitLength() - 1) * exponent);
  }
  BigInt result(1);
  while (exponent != 0) {
    if (exponent & 1) result = result * base;
    exponent >>= 1;
    if (exponent != 0) base = base * base;
  }
  return result;
}

std::strong_ordering operator<=>(const BigInt& a, const BigInt& b) {
  if (a.negative_ != b.negative_) {
    return a.negative_ ? std::strong_ordering::less
                       : std::strong_ordering::greater;
  }
  const int order = BigInt::CompareMagnitude(a.limbs_, b.limbs_);
  const int directed = a.negative_ ? -order : order;
  return directed <=> 0;
}

}  // namespace fullstop::jinja
