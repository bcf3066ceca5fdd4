# The same three stages on GenStage: for each count on standard input it answers with the microseconds and the sum.
defmodule Numbers do
  use GenStage
  def init(count), do: {:producer, {0, count}}

  def handle_demand(demand, {next, count}) do
    last = min(count, next + demand)
    {:noreply, if(next < last, do: Enum.to_list(next..(last - 1)), else: []), {last, count}}
  end
end

defmodule AddOne do
  use GenStage
  def init(state), do: {:producer_consumer, state}
  def handle_events(events, _from, state), do: {:noreply, Enum.map(events, &(&1 + 1)), state}
end

defmodule SumUp do
  use GenStage
  def init(state), do: {:consumer, state}

  def handle_events(events, _from, {parent, left, sum}) do
    left = left - length(events)
    sum = Enum.reduce(events, sum, &+/2)
    if left == 0, do: send(parent, {:sum, sum})
    {:noreply, [], {parent, left, sum}}
  end
end

defmodule Bench do
  @demand 1000

  def run(count) do
    began = System.monotonic_time(:microsecond)
    {:ok, numbers} = GenStage.start_link(Numbers, count)
    {:ok, add} = GenStage.start_link(AddOne, nil)
    {:ok, sum} = GenStage.start_link(SumUp, {self(), count, 0})
    {:ok, _} = GenStage.sync_subscribe(sum, to: add, max_demand: @demand)
    {:ok, _} = GenStage.sync_subscribe(add, to: numbers, max_demand: @demand)

    total =
      receive do
        {:sum, total} -> total
      end

    took = System.monotonic_time(:microsecond) - began
    for stage <- [sum, add, numbers], do: GenStage.stop(stage)
    IO.puts("#{took} #{total}")
  end

  def loop do
    case IO.gets("") do
      line when is_binary(line) ->
        line |> String.trim() |> String.to_integer() |> run()
        loop()

      _ ->
        :ok
    end
  end
end

Bench.loop()
