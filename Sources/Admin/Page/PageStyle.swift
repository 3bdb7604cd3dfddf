/// The style sheet: light and dark, from the width of a phone on. Series differ by dashes and hatching as well as by colour.
enum PageStyle {
    static let text: HTML = """
        :root { --ink: #1c1d22; --soft: #5a5d68; --ground: #f5f6f8; --sheet: #fff; --edge: #d9dce3; --grid: #e8eaef;
          --link: #1d4fa8; --a: #2463b8; --b: #b4540a; --good: #17672c; --good-ground: #e7f4ea; --bad: #a3161f;
          --bad-ground: #fbe9ea; --warn-ground: #fdf3dc }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e7e8ee; --soft: #a2a6b4; --ground: #121318; --sheet: #1b1d24; --edge: #33363f; --grid: #292c35;
            --link: #9cbdff; --a: #78aaff; --b: #f0a35e; --good: #86da9c; --good-ground: #16291c; --bad: #ff9592;
            --bad-ground: #331a1c; --warn-ground: #33290f } }
        * { box-sizing: border-box }
        body { margin: 0; font: 1rem/1.45 system-ui, "DejaVu Sans", sans-serif; color: var(--ink);
          background: var(--ground) }
        a { color: var(--link) }
        .width { max-width: 78rem; margin: 0 auto; padding: 0 1rem }
        .patterns { position: absolute }
        header { background: var(--sheet); border-bottom: 1px solid var(--edge) }
        header .width { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 2rem; padding-top: .7rem;
          padding-bottom: .7rem }
        h1 { font-size: 1.15rem; margin: 0 }
        nav { display: flex; gap: 1.2rem }
        nav a { text-decoration: none; padding: .1rem 0 }
        nav a[aria-current] { color: inherit; font-weight: 600; border-bottom: 2px solid var(--a) }
        #note, .problem { background: var(--warn-ground); border: 1px solid var(--b); border-radius: .5rem }
        #note { margin-top: 1rem; padding: .6rem 1rem; position: sticky; top: .5rem; z-index: 1 }
        .problem { padding: .6rem 1rem }
        h2 { font-size: 1.05rem; margin: 1.7rem 0 .6rem }
        h3 { font-size: .9rem; font-weight: 600; margin: 0 }
        .state { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1.4rem; margin-top: 1.2rem;
          padding: .7rem 1rem; border-radius: .5rem; border: 1px solid }
        .state.good { background: var(--good-ground); border-color: var(--good) }
        .state.bad { background: var(--bad-ground); border-color: var(--bad) }
        .state h2, .state p { margin: 0 }
        .state h2 { font-size: 1.15rem }
        .good h2, li.good { color: var(--good) }
        .bad h2, li.bad { color: var(--bad) }
        li.bad { font-weight: 600 }
        .checks { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; list-style: none; margin: 0; padding: 0;
          font-size: .9rem }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.2rem, 1fr)); gap: .7rem; margin: 0 }
        .tiles > div, figure, .numbers-box { background: var(--sheet); border: 1px solid var(--edge);
          border-radius: .5rem }
        .tiles > div { padding: .6rem .8rem }
        dt { font-size: .85rem; color: var(--soft) }
        dd { margin: 0 }
        dd strong { display: block; font-size: 1.5rem; line-height: 1.25; font-weight: 600;
          font-variant-numeric: tabular-nums }
        dd small { font-size: .8rem; color: var(--soft) }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: .7rem }
        .charts.large { grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)) }
        figure { margin: 0; padding: .7rem .8rem .4rem; min-width: 0 }
        figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-bottom: .3rem }
        .legend { margin: 0; font-size: .8rem; color: var(--soft); display: flex; flex-wrap: wrap; gap: 0 .9rem }
        .swatch { width: 22px; height: 12px; vertical-align: -1px }
        figure > svg { display: block; width: 100%; height: auto }
        svg text { font-size: 11.5px; fill: var(--soft); font-variant-numeric: tabular-nums }
        .grid, .axis, .line { fill: none }
        .grid { stroke: var(--grid) }
        .axis { stroke: var(--soft) }
        .line { stroke-width: 2; stroke-linejoin: round }
        .s0 { stroke: var(--a) }
        .s1 { stroke: var(--b); stroke-dasharray: 5 3 }
        .dot.s0 { fill: var(--a) }
        .dot.s1 { fill: var(--sheet); stroke-width: 2; stroke-dasharray: none }
        .b0 { fill: var(--a) }
        .b1 { fill: url(#hatch); stroke: var(--b) }
        .hatch-ground { fill: var(--sheet) }
        .hatch { stroke: var(--b); stroke-width: 3 }
        details { margin: .7rem 0; font-size: .9rem }
        summary { cursor: pointer; color: var(--link) }
        .scroll { overflow: auto; background: var(--sheet); border: 1px solid var(--edge);
          border-radius: .5rem; margin-top: .4rem }
        details .scroll { max-height: 26rem }
        :focus-visible { outline: 2px solid var(--a); outline-offset: 2px }
        table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums }
        th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--grid); text-align: right; vertical-align: bottom }
        td { white-space: nowrap }
        th { font-weight: normal }
        thead th { color: var(--soft) }
        th:first-child { text-align: left }
        tbody tr:last-child > * { border-bottom: 0 }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 0 .7rem }
        .columns.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)) }
        .columns > section { min-width: 0 }
        footer { margin: 2rem 0; font-size: .85rem; color: var(--soft) }
        footer p { margin: .4rem 0 }
        .scripted .without-script { display: none }
        @media (min-width: 70rem) { .large svg text { font-size: 9px } }
        @media (max-width: 30rem) {
          .width { padding: 0 .8rem } .tiles { grid-template-columns: 1fr 1fr; gap: .5rem }
          dd strong { font-size: 1.3rem } th, td { padding: .3rem .4rem } }
        """
}
