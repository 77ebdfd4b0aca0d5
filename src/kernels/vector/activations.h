// Activations, alone or times a factor.
#ifndef FULLSTOP_KERNELS_VECTOR_ACTIVATIONS_H_
#define FULLSTOP_KERNELS_VECTOR_ACTIVATIONS_H_

#include "kernels/operations.h"
#include "kernels/vector/exp.h"
#include "kernels/vector/rows.h"

namespace fullstop::kernels::vector {

// x / (1 + exp(-by))
template <class V>
[[gnu::always_inline]] static inline typename V::F OverSigmoid(
    typename V::F x, typename V::F by) {
  return V::Div(x, V::Add(V::Set(1.0f), Exp<V>(V::Negate(by))));
}

template <class V>
struct Identity {
  static typename V::F Apply(typename V::F g) { return g; }
};

template <class V>
struct Silu {
  static typename V::F Apply(typename V::F g) { return OverSigmoid<V>(g, g); }
};

template <class V>
struct Sigmoid {
  static typename V::F Apply(typename V::F g) {
    return OverSigmoid<V>(V::Set(1.0f), g);
  }
};

// (1 + tanh(y)) / 2 = 1 / (1 + exp(-2y)), with y = sqrt(2 / pi) (g + ...).
template <class V>
struct GeluTanh {
  static typename V::F Apply(typename V::F g) {
    const typename V::F cubic =
        V::Fma(V::Mul(g, g), V::Set(0.044715f), V::Set(1.0f));
    return OverSigmoid<V>(g, V::Mul(V::Mul(g, V::Set(1.59576912f)), cubic));
  }
};

template <class V>
struct Relu {
  static typename V::F Apply(typename V::F g) { return V::Max(V::Zero(), g); }
};

template <class V>
struct ReluSquared {
  static typename V::F Apply(typename V::F g) {
    const typename V::F positive = Relu<V>::Apply(g);
    return V::Mul(positive, positive);
  }
};

template <class V, class Function>
void Activate(const float* gate, const float* up, int64_t n,
              const ActivationParameters&, float* out) {
  ForVectors<V>(n, [&](int64_t i, int count) {
    typename V::F y = Function::Apply(LoadSome<V>(gate + i, count));
    if (up != nullptr) y = V::Mul(y, LoadSome<V>(up + i, count));
    StoreSome<V>(out + i, y, count);
  });
}

template <class V>
void ClampedSwiGlu(const float* gate, const float* up, int64_t n,
                   const ActivationParameters& p, float* out) {
  const typename V::F limit = V::Set(p.limit);
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::F g = V::Min(limit, LoadSome<V>(gate + i, count));
    typename V::F y = OverSigmoid<V>(g, V::Mul(g, V::Set(p.alpha)));
    typename V::F factor = V::Set(1.0f);
    if (up != nullptr) factor = LoadSome<V>(up + i, count);
    factor = V::Max(V::Negate(limit), V::Min(limit, factor));
    y = V::Mul(y, V::Add(factor, V::Set(1.0f)));
    StoreSome<V>(out + i, y, count);
  });
}

static inline double GeluErf(double g, const ActivationParameters&) {
  return g * (1 + __builtin_erf(g * 0.70710678118654752)) / 2;
}

static inline double Xielu(double g, const ActivationParameters& p) {
  const double beta = p.beta;
  if (g > 0) return p.alpha * g * g + beta * g;
  const double low = g < p.epsilon ? g : p.epsilon;
  return (__builtin_expm1(low) - g) * p.alpha_negative + beta * g;
}

// What is rare enough to be computed number by number.
template <double (*function)(double g, const ActivationParameters& p)>
void ActivateEach(const float* gate, const float* up, int64_t n,
                  const ActivationParameters& p, float* out) {
  for (int64_t i = 0; i < n; ++i) {
    const double factor = up == nullptr ? 1 : up[i];
    out[i] = static_cast<float>(function(gate[i], p) * factor);
  }
}

template <class V>
void SoftCap(float* x, int64_t n, float cap) {
  ForVectors<V>(n, [&](int64_t i, int count) {
    const typename V::F y = V::Div(LoadSome<V>(x + i, count), V::Set(cap));
    StoreSome<V>(x + i, V::Mul(Tanh<V>(y), V::Set(cap)), count);
  });
}

// In the order of Activation.
template <class V>
constexpr ActivationOperations MakeActivationOperations() {
  return {.functions = {Activate<V, Identity<V>>, Activate<V, Silu<V>>,
                        Activate<V, Sigmoid<V>>, Activate<V, GeluTanh<V>>,
                        ActivateEach<GeluErf>, Activate<V, Relu<V>>,
                        Activate<V, ReluSquared<V>>, ClampedSwiGlu<V>,
                        ActivateEach<Xielu>},
          .soft_cap = SoftCap<V>};
}

}  // namespace fullstop::kernels::vector

#endif  // FULLSTOP_KERNELS_VECTOR_ACTIVATIONS_H_
