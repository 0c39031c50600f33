import { Button } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Answer } from "./answer.tsx";
import table from "./table.module.css";

interface PagedProps<Item> {
  readonly query: UseInfiniteQueryResult<InfiniteData<{ items: Item[]; next: string | null }>>;
  readonly empty: ReactNode;
  readonly children: (items: readonly Item[]) => ReactNode;
}

/** A list that grows by a button, with its empty state. */
export function Paged<Item>({ query, empty, children }: PagedProps<Item>) {
  return (
    <Answer query={query} lines={6}>
      {(data) => {
        const items = data.pages.flatMap((page) => page.items);
        if (items.length === 0) return empty;
        return (
          <>
            {children(items)}
            {query.hasNextPage && (
              <div className={table.more}>
                <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show more
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Answer>
  );
}
