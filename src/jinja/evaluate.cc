// The expressions of the interpreter.
#include "base/error.h"
#include "jinja/filters.h"
#include "jinja/interpreter.h"
#include "jinja/methods.h"

namespace fullstop::jinja {

Value Interpreter::Eval(const Expr& expr) {
  Charge(1);
  switch (expr.kind) {
    case ExprKind::kConst:
      return expr.constant;
    case ExprKind::kName:
      return EvalName(expr);
    default:
      break;
  }
  if (++nesting_ > 8 * options().limits.depth) {
    --nesting_;
    throw Error::Limit("the template nests too deep as it runs");
  }
  struct Level {
    uint32_t* nesting;
    ~Level() { --*nesting; }
  } const level{&nesting_};
  return EvalNode(expr);
}

Value Interpreter::EvalNode(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConst:
    case ExprKind::kName:
    case ExprKind::kNamespaceRef:
      break;
    case ExprKind::kList:
    case ExprKind::kTuple:
      return EvalItems(expr);
    case ExprKind::kDict:
      return EvalDict(expr);
    case ExprKind::kUnary: {
      const Value operand = Eval(*expr.children[0]);
      at_ = expr.at;
      return OperateUnary(this, expr.arithmetic == Arithmetic::kSub, operand);
    }
    case ExprKind::kBinary:
      return EvalBinary(expr);
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return EvalLogic(expr);
    case ExprKind::kNot:
      return Value::Bool(!Truth(this, Eval(*expr.children[0])));
    case ExprKind::kConcat:
      return EvalConcat(expr);
    case ExprKind::kCompare:
      return EvalCompare(expr);
    case ExprKind::kCondition:
      return EvalCondition(expr);
    case ExprKind::kGetAttr: {
      const Value object = Eval(*expr.children[0]);
      at_ = expr.at;
      return GetAttribute(this, object, expr.constant);
    }
    case ExprKind::kGetItem: {
      const Value object = Eval(*expr.children[0]);
      const Value key = Eval(*expr.children[1]);
      at_ = expr.at;
      return GetItem(this, object, key);
    }
    case ExprKind::kSlice:
      return EvalSlice(expr);
    case ExprKind::kFilter:
      return EvalFilter(expr);
    case ExprKind::kTest:
      return EvalTest(expr);
    case ExprKind::kCall:
      return EvalCall(expr, nullptr);
  }
  return Value::Missing();
}

Value Interpreter::EvalName(const Expr& expr) {
  const Value& value = frame_->At(expr.slot);
  if (value.is_missing()) return Value::Undefined(expr.constant, "");
  return value;
}

Value Interpreter::EvalItems(const Expr& expr) {
  std::vector<Value> items;
  items.reserve(expr.children.size());
  for (const Expr* child : expr.children) items.push_back(Eval(*child));
  return expr.kind == ExprKind::kList ? Value::List(std::move(items))
                                      : Value::Tuple(std::move(items));
}

Value Interpreter::EvalDict(const Expr& expr) {
  Dict dict;
  for (size_t i = 0; i < expr.children.size(); i += 2) {
    Value key = Eval(*expr.children[i]);
    Value value = Eval(*expr.children[i + 1]);
    at_ = expr.at;
    dict.Set(std::move(key), std::move(value));
  }
  return Value::Map(std::move(dict));
}

Value Interpreter::EvalBinary(const Expr& expr) {
  std::vector<const Expr*> chain;
  chain.reserve(8);
  const Expr* left = &expr;
  while (left->kind == ExprKind::kBinary) {
    chain.push_back(left);
    left = left->children[0];
  }
  Value value = Eval(*left);
  for (size_t i = chain.size(); i-- > 0;) {
    const Value right = Eval(*chain[i]->children[1]);
    at_ = chain[i]->at;
    value = Operate(this, chain[i]->arithmetic, std::move(value), right);
  }
  return value;
}

Value Interpreter::EvalLogic(const Expr& expr) {
  const bool stop = expr.kind == ExprKind::kOr;
  for (size_t i = 0; i + 1 < expr.children.size(); ++i) {
    Value value = Eval(*expr.children[i]);
    if (Truth(this, value) == stop) return value;
  }
  return Eval(*expr.children.back());
}

Value Interpreter::EvalConcat(const Expr& expr) {
  Text text;
  bool first = true;
  for (const Expr* child : expr.children) {
    const Value value = Eval(*child);
    at_ = expr.at;
    if (first) text = Text(std::string(), value.origin());
    first = false;
    if (autoescape) {
      text.Append(EscapeHtml(this, value));
    } else {
      AppendText(this, value, &text);
    }
  }
  ChargeText(text.size());
  return autoescape ? Value::Markup(std::move(text))
                    : Value::String(std::move(text));
}

Value Interpreter::EvalCompare(const Expr& expr) {
  Value left = Eval(*expr.children[0]);
  for (size_t i = 0; i < expr.comparisons.size(); ++i) {
    Value right = Eval(*expr.children[i + 1]);
    at_ = expr.at;
    if (!CompareWith(this, expr.comparisons[i], left, right)) {
      return Value::Bool(false);
    }
    left.swap(right);
  }
  return Value::Bool(true);
}

Value Interpreter::EvalCondition(const Expr& expr) {
  if (Truth(this, Eval(*expr.children[0]))) return Eval(*expr.children[1]);
  if (expr.children[2] != nullptr) return Eval(*expr.children[2]);
  return Value::Undefined(
      "an inline if was false and has no else, so there is no value");
}

Value Interpreter::EvalSlice(const Expr& expr) {
  const Value object = Eval(*expr.children[0]);
  Value bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    if (expr.children[i + 1] != nullptr)
      bounds[i] = Eval(*expr.children[i + 1]);
  }
  at_ = expr.at;
  return GetSlice(this, object, bounds[0], bounds[1], bounds[2]);
}

Value Interpreter::EvalFilter(const Expr& expr) {
  Value input;
  if (expr.children[0] == nullptr) {
    input.swap(filter_input_);
  } else {
    input = Eval(*expr.children[0]);
  }
  Arguments arguments;
  EvalArguments(*expr.arguments, &arguments);
  at_ = expr.at;
  if (expr.filter == nullptr) {
    Fail("there is no filter named '" + expr.name + "'");
  }
  return expr.filter->apply(this, input, &arguments);
}

Value Interpreter::EvalTest(const Expr& expr) {
  const Value input = Eval(*expr.children[0]);
  Arguments arguments;
  EvalArguments(*expr.arguments, &arguments);
  at_ = expr.at;
  if (expr.test == nullptr) {
    Fail("there is no test named '" + expr.name + "'");
  }
  return Value::Bool(expr.test->apply(this, input, &arguments));
}

Value Interpreter::EvalCall(const Expr& expr, const Value* caller) {
  const Expr& callee = *expr.children[0];
  Value object;
  const MethodEntry* method = nullptr;
  Value function;
  if (callee.kind == ExprKind::kGetAttr) {
    // A method of plain data is called without making an object of it.
    object = Eval(*callee.children[0]);
    at_ = callee.at;
    method = LookupMethod(object, callee.name);
    if (method == nullptr || !method->safe) {
      method = nullptr;
      function = GetAttribute(this, object, callee.constant);
    }
  } else {
    function = Eval(callee);
  }
  Arguments arguments;
  EvalArguments(*expr.arguments, &arguments);
  if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
  at_ = expr.at;
  Value result = method != nullptr ? method->apply(this, object, &arguments)
                                   : Call(function, &arguments);
  at_ = expr.at;
  return result;
}

void Interpreter::EvalArguments(const CallArguments& from, Arguments* to) {
  for (const Expr* expr : from.positional)
    to->positional.push_back(Eval(*expr));
  for (const Keyword& keyword : from.named) {
    to->named.emplace_back(keyword.name, Eval(*keyword.value));
  }
  if (from.star != nullptr) {
    for (Value& item : ToList(this, Eval(*from.star))) {
      to->positional.push_back(std::move(item));
    }
  }
  if (from.star_star != nullptr) SpreadNamed(Eval(*from.star_star), to);
}

void Interpreter::SpreadNamed(const Value& mapping, Arguments* to) {
  if (!mapping.is_dict()) {
    Fail("the argument behind ** must be a dict, not " + TypeName(mapping));
  }
  for (const Dict::Entry& entry : mapping.AsDict()) {
    if (!entry.key.is_string()) Fail("the keys behind ** must be strings");
    const std::string& name = entry.key.AsText().bytes();
    for (const auto& [known, value] : to->named) {
      if (known == name) Fail("the argument '" + name + "' is given twice");
    }
    to->named.emplace_back(name, entry.value);
  }
}

}  // namespace fullstop::jinja
