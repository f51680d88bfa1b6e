#include "workers.h"

#include <functional>
#include <utility>

namespace engine {

namespace {

// Most waits between two passes are shorter than this, and waking a sleeping thread takes tens of
// microseconds.
constexpr auto spin_time = std::chrono::microseconds(100);

constexpr auto poll_interval = std::chrono::milliseconds(100);

// Spin until the condition holds or `spin_time` is over; yield to other threads meanwhile.
template <class Condition>
void spin(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + spin_time;
    while (!holds() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

}  // namespace

Workers::Workers(const Kernel& kernel, int threads, Poll poll)
    : kernel_(kernel), poll_(std::move(poll)), scratches_(threads) {
    threads_.reserve(threads);
    kernel_.begin_thread();
    try {
        for (int i = 1; i < threads; i++)
            threads_.emplace_back(&Workers::serve, this, std::ref(scratches_[i]));
    } catch (...) {  // NOLINT(bugprone-empty-catch)
        // The system refused more threads or memory: the threads that started do the work.
    }
}

Workers::~Workers() {
    {
        const std::scoped_lock lock(mutex_);
        is_closing_ = true;
    }
    started_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    kernel_.end_thread();
}

void Workers::run(int count, const Work& work) {
    {
        const std::scoped_lock lock(mutex_);
        work_ = &work;
        count_ = count;
        next_item_ = 0;
        busy_ = static_cast<int>(threads_.size());
        round_++;
    }
    started_.notify_all();
    take_items(scratches_[0]);
    const auto are_done = [this] { return busy_ == 0; };
    spin(are_done);
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, poll_interval, are_done)) {
        lock.unlock();
        poll_if_due();
        lock.lock();
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Workers::serve(Scratch& scratch) {
    kernel_.begin_thread();
    for (long long seen = 0;;) {
        spin([&] { return is_closing_ || round_ != seen; });
        std::unique_lock lock(mutex_);
        started_.wait(lock, [&] { return is_closing_ || round_ != seen; });
        if (is_closing_) break;
        seen = round_;
        lock.unlock();
        take_items(scratch);
        lock.lock();
        if (--busy_ == 0) stopped_.notify_one();
    }
    kernel_.end_thread();
}

void Workers::poll_if_due() {
    const auto now = Clock::now();
    if (!poll_ || now - last_poll_ < poll_interval) return;
    last_poll_ = now;
    kernel_.end_thread();  // what is called may use the thread in its own way
    try {
        poll_();
    } catch (...) {
        const std::scoped_lock lock(mutex_);
        error_ = std::current_exception();
        is_cancelled_ = true;
    }
    kernel_.begin_thread();
}

void Workers::take_items(Scratch& scratch) {
    try {
        for (int item; (item = next_item_++) < count_;) {
            check();
            scratch.reset();
            (*work_)(item, scratch);
        }
    } catch (...) {
        const std::scoped_lock lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_item_ = count_;
    }
}

}  // namespace engine
