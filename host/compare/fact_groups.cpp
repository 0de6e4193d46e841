#include "compare/fact_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "compare/facts.hpp"

namespace host::compare {
namespace {

using Names = std::map<std::string, std::string>;  // value by name of a fact

// Records that are equal in all that is to be.
struct Group {
  std::string workload;
  Names rest;                                          // what they are equal in
  std::map<std::string, std::vector<size_t>> records;  // by side
  std::map<std::string, BySide> apart;                 // seeds, and hashes that say no more: by name
  std::vector<Names> joined;                           // the rest of each, of groups that became one
  [[nodiscard]] size_t first() const {
    size_t out = SIZE_MAX;
    for (const auto& [side, indices] : records) out = std::min(out, std::ranges::min(indices));
    return out;
  }
};

// What both know and differ in.
std::vector<std::string> differences(const Names& a, const Names& b) {
  std::vector<std::string> out;
  for (const auto& [name, value] : a)
    if (const auto other = b.find(name); other != b.end() && other->second != value) out.push_back(name);
  return out;
}

bool compatible(const Names& a, const Names& b) {
  return std::ranges::all_of(a, [&](const auto& fact) {
    const auto other = b.find(fact.first);
    return other == b.end() || other->second == fact.second;
  });
}

class Grouping {
 public:
  explicit Grouping(ResultSet& results) : results_(results) {
    for (const auto& record : results.records) facts_.push_back(facts_of(record));
  }

  void by(std::span<const std::string> keys) {
    for (const auto& key : keys) check(key);
    for (size_t i = 0; i < facts_.size(); ++i) take_side(i, keys);
    // Those that know most first: a run that died before it could tell all belongs to the group that it fits.
    std::vector<size_t> order(facts_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return facts_[i].size(); });
    for (const auto i : order) add(i);
    std::ranges::sort(groups_, {}, &Group::first);
    join();
    for (size_t i = 0; i < groups_.size(); ++i) tell(i);
    label();
    for (size_t i = 0; i < groups_.size(); ++i)
      for (const auto& [side, records] : groups_[i].records)
        for (const auto at : records) {
          results_.records[at].group = id_of(i);
          results_.records[at].label = labels_[i];
        }
  }

 private:
  static std::string id_of(size_t index) { return fmt::format("group {}", index + 1); }

  // Names a key that no record has, and those that would tell something apart.
  void check(const std::string& key) const {
    if (std::ranges::any_of(facts_, [&](const Facts& facts) { return find_fact(facts, key) != nullptr; })) return;
    std::set<std::string> known;
    std::map<std::string, std::set<std::string>> values;
    for (const auto& facts : facts_)
      for (const auto& [name, fact] : facts) {
        known.insert(name);
        known.insert(name.substr(name.rfind('.') + 1));
        if (fact.of != Fact::Of::told) values[name].insert(fact.value);
      }
    std::vector<std::string> differ;
    for (const auto& [name, found] : values)
      if (found.size() > 1) differ.push_back(name);
    constexpr size_t most = 8;
    if (differ.size() > most) differ.resize(most);
    auto meant = base::did_you_mean(key, {known.begin(), known.end()});
    if (meant.empty() && !differ.empty()) meant = fmt::format("; they differ in {}", fmt::join(differ, ", "));
    throw base::usage_error(fmt::format(
        "--by {}: no record has it{}; give side, input, backend, scheduler, nodes, an option of the load, or one of "
        "a plugin as q2.baseline",
        key, meant));
  }

  // The side of a record; its keys are no facts any more.
  void take_side(size_t index, std::span<const std::string> keys) {
    auto& facts = facts_[index];
    std::string side;
    std::vector<std::string> used;
    for (const auto& key : keys) {
      std::string name;
      const auto* fact = find_fact(facts, key, &name);
      // "fifo" says enough, "20" does not.
      const bool speaks = fact != nullptr && fact->value.find_first_not_of("0123456789.+-e") != std::string::npos &&
                          fact->value != "true" && fact->value != "false";
      const auto value = fact == nullptr ? "not given" : fact->value;
      side += fmt::format("{}{}", side.empty() ? "" : ", ", speaks ? value : fmt::format("{} = {}", key, value));
      if (fact != nullptr) used.push_back(name);
    }
    const bool by_backend = std::ranges::find(used, "backend") != used.end();
    for (const auto& name : used) facts.erase(name);
    std::erase_if(facts, [&](const auto& each) {
      return each.second.of == Fact::Of::told || (each.second.of == Fact::Of::backend && by_backend);
    });
    if (const auto hash = facts.find("config_hash"); hash != facts.end())
      sides_of_hash_[{results_.records[index].workload, hash->second.value}].insert(side);
    results_.records[index].side = std::move(side);
  }

  void add(size_t index) {
    const auto& record = results_.records[index];
    Names rest;
    Names apart;
    for (const auto& [name, fact] : facts_[index]) {
      // A hash that is of one side alone covers what tells it apart, and whatever else: no record says.
      const bool opaque = name == "config_hash" && sides_of_hash_.at({record.workload, fact.value}).size() < 2;
      (name == "seed" || opaque ? apart : rest)[name] = fact.value;
    }
    std::vector<Group*> fit;
    for (auto& group : groups_) {
      if (group.workload != record.workload || !compatible(rest, group.rest)) continue;
      if (group.rest == rest) fit.clear();
      fit.push_back(&group);
      if (group.rest == rest) break;
    }
    if (fit.size() != 1) fit = {&groups_.emplace_back(Group{record.workload, {}, {}, {}, {}})};
    fit[0]->rest.merge(rest);
    fit[0]->records[record.side].push_back(index);
    for (const auto& [name, value] : apart) fit[0]->apart[name][record.side].insert(value);
  }

  // Groups of one side: where each side is left with one, they were meant for each other.
  void join() {
    std::map<std::string, std::vector<size_t>> alone;  // by workload
    for (size_t i = 0; i < groups_.size(); ++i)
      if (groups_[i].records.size() == 1) alone[groups_[i].workload].push_back(i);
    for (const auto& [workload, indices] : alone) {
      std::set<std::string> sides;
      for (const auto i : indices) sides.insert(groups_[i].records.begin()->first);
      if (indices.size() < 2 || sides.size() < indices.size()) continue;
      auto& first = groups_[indices[0]];
      first.joined.push_back(first.rest);
      for (size_t n = 1; n < indices.size(); ++n) {
        auto& other = groups_[indices[n]];
        first.joined.push_back(other.rest);
        first.records.merge(other.records);
        for (auto& [name, values] : other.apart) first.apart[name].merge(values);
      }
    }
    std::erase_if(groups_, [](const Group& group) { return group.records.empty(); });
  }

  void tell(size_t index) {
    if (groups_[index].records.size() == 1)
      tell_nearest(index);
    else
      tell_differences(index);
  }

  void add_mismatch(size_t index, const std::string& field, Names values, bool forbids = true) {
    results_.mismatches.push_back({groups_[index].workload, "", field, std::move(values), id_of(index), "", forbids});
  }

  void tell_differences(size_t index) {
    const auto& group = groups_[index];
    std::set<std::string> names;
    for (const auto& a : group.joined)
      for (const auto& b : group.joined)
        for (auto& name : differences(a, b)) names.insert(std::move(name));
    for (const auto& name : names) {
      Names values;
      for (const auto& [side, records] : group.records)
        if (const auto it = facts_[records.front()].find(name); it != facts_[records.front()].end())
          values[side] = it->second.value;
      add_mismatch(index, name, std::move(values));
    }
    for (const auto& [name, sides] : group.apart) {
      const bool several = std::ranges::any_of(sides, [](const auto& side) { return side.second.size() > 1; });
      if (!alike(sides)) add_mismatch(index, name, joined(sides), name == "seed" || several);
    }
  }

  void tell_nearest(size_t index) {
    const auto& group = groups_[index];
    const auto& side = group.records.begin()->first;
    const Group* nearest = nullptr;
    std::vector<std::string> least;
    for (const auto& other : groups_) {
      if (other.workload != group.workload || (other.records.size() == 1 && other.records.contains(side))) continue;
      auto found = differences(group.rest, other.rest);
      if (nearest != nullptr && found.size() >= least.size()) continue;
      nearest = &other;
      least = std::move(found);
    }
    if (nearest == nullptr) return;
    const auto& other = std::ranges::find_if(nearest->records, [&](const auto& of) { return of.first != side; })->first;
    for (const auto& name : least)
      add_mismatch(index, name, {{side, group.rest.at(name)}, {other, nearest->rest.at(name)}});
    if (least.empty()) add_mismatch(index, "the configuration", {{side, "not told"}, {other, "not told"}});
  }

  // What tells the groups of a workload apart.
  void label() {
    std::vector<Names> shown(groups_.size());
    std::map<std::string, std::map<std::string, std::set<std::string>>> values;  // by workload and name
    for (size_t i = 0; i < groups_.size(); ++i) {
      const auto& group = groups_[i];
      for (const auto& [name, value] : group.rest) shown[i][name] = value;
      for (const auto& rest : group.joined)
        for (const auto& name : differences(group.rest, rest)) shown[i][name] += fmt::format(" / {}", rest.at(name));
      for (const auto& [name, value] : shown[i]) values[group.workload][name].insert(value);
    }
    for (size_t i = 0; i < groups_.size(); ++i) {
      std::string label;
      for (const auto& [name, value] : shown[i])
        if (values[groups_[i].workload][name].size() > 1)
          label += fmt::format("{}{} = {}", label.empty() ? "" : ", ", name, value);
      labels_.push_back(label.empty() ? "all" : label);
    }
    for (auto& mismatch : results_.mismatches)
      for (size_t i = 0; i < groups_.size(); ++i)
        if (mismatch.group == id_of(i)) mismatch.label = labels_[i];
  }

  ResultSet& results_;
  std::vector<Facts> facts_;  // by record
  std::vector<Group> groups_;
  std::vector<std::string> labels_;                                                     // by group
  std::map<std::pair<std::string, std::string>, std::set<std::string>> sides_of_hash_;  // by workload and hash
};

}  // namespace

bool alike(const BySide& sides) {
  return std::ranges::all_of(sides, [&](const auto& side) { return side.second == sides.begin()->second; });
}

Names joined(const BySide& sides) {
  Names out;
  for (const auto& [side, values] : sides) out[side] = fmt::format("{}", fmt::join(values, ", "));
  return out;
}

void group_by_facts(ResultSet& results, std::span<const std::string> keys) { Grouping(results).by(keys); }

}  // namespace host::compare
